/**
 * The symbols by which Tutti knows its own objects, so that two copies of the package agree with each other (and with
 * what came out of the codec): never `instanceof`.
 */

/** On every TuttiError. */
export const tuttiErrorBrand: unique symbol = Symbol.for('tutti.error') as never;
/** On errors that end a task without another attempt (`AppError`, `NonRetryable`); the codec carries it over. */
export const finalErrorBrand: unique symbol = Symbol.for('tutti.final') as never;
