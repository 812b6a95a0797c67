/** A part of the app beside this file, which re-exports it as a namespace. */
import { task } from '../task.ts';

export const invoice = task(async () => 'invoice');
export const currency = 'EUR';
