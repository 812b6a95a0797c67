/** What the thread that checks inputs is told, and tells. */
import type { AppDescription } from '../../protocol/app-description.ts';

/** `workerData` of the thread. */
export type InputsThreadData = {
  /** Address of the app's module. */
  readonly module: string;
};

export type ToInputsThread =
  /** An input, in JSON form, for a task of the app. Answered by `checked`, in any order. */
  | { readonly kind: 'check'; readonly request: number; readonly name: string; readonly input: string }
  /** Answered by `alive`, unless a schema keeps the thread. */
  | { readonly kind: 'ping' };

export type FromInputsThread =
  /** The app is loaded. */
  | { readonly kind: 'ready'; readonly app: AppDescription }
  /** It could not be: an encoded error. The thread ends. */
  | { readonly kind: 'loadFailed'; readonly error: string }
  /** `text`: what the schema makes of it, or the encoded error of why not. */
  | { readonly kind: 'checked'; readonly request: number; readonly ok: boolean; readonly text: string }
  | { readonly kind: 'alive' };
