/** An app with every kind of export. */
import { task } from '../task.ts';

export * as billing from './shop-billing.ts';
export const order = task(async (_ctx, item: string) => item);
export const old = task({ name: 'renamed' }, async () => 1);
export const helper = (text: string): string => text;
export const settings = { order };
export const vatPercent = 19;
export default task({ name: 'the-default' }, async () => 2);
