/** Imported by a task while it runs. */
export const answer = 42;
