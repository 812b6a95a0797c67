/** The socket by which `tutti token`, `tutti drain` and `tutti leave` reach the process of a machine: `machine.sock` in its data folder. */
import { TuttiError } from '../errors/tutti-error.ts';
import type { IssuedToken, Machine, TokenWish } from '../machine/machine.ts';
import { askFolder, FolderSocket, replyWith, type SocketRequest } from '../node/folder-socket.ts';
import { decodeValue } from '../values/codec.ts';

const socketName = 'machine.sock';

/** What can be asked. `name`: of a machine; undefined: this one. */
export type MachineMethods = {
  readonly token: { readonly asks: TokenWish; readonly answer: IssuedToken & { readonly app: string } };
  readonly gatewayToken: { readonly asks: null; readonly answer: string | null };
  /** Answered when this machine's node has ended, or others have been told. */
  readonly drain: { readonly asks: { readonly name?: string; readonly drained: boolean }; readonly answer: Moved };
  readonly leave: { readonly asks: { readonly name?: string }; readonly answer: Moved };
};

/** Which machine it was, and whether it is this one. */
export type Moved = { readonly name: string; readonly here: boolean };

type Method = keyof MachineMethods;

export type MachineProcess = {
  readonly machine: Machine;
  /** The app as the user named it. */
  readonly app: string;
  rest(): Promise<void>;
  goOn(): void;
  end(): void;
};

export const serveMachine = (folder: string, process: MachineProcess): Promise<FolderSocket> =>
  FolderSocket.serve(folder, socketName, ({ method, args }: SocketRequest<Method>, reply) => {
    replyWith(answer(process, method, (decodeValue(args) as readonly unknown[])[0]), reply);
    return undefined;
  });

const answer = async (process: MachineProcess, method: Method, asked: unknown): Promise<unknown> => {
  const { machine, app } = process;
  switch (method) {
    case 'token':
      return { ...machine.token(asked as TokenWish), app };
    case 'gatewayToken':
      return machine.roster.gatewayToken ?? null;
    case 'drain': {
      const { name = machine.settings.name, drained } = asked as MachineMethods['drain']['asks'];
      const here = name === machine.settings.name;
      await machine.setDrained(name, drained);
      if (here && drained) await process.rest();
      return { name, here } satisfies Moved;
    }
    case 'leave': {
      const { name = machine.settings.name } = asked as MachineMethods['leave']['asks'];
      const here = name === machine.settings.name;
      if (here) await leave(process);
      else await machine.remove(name);
      return { name, here } satisfies Moved;
    }
    default:
      throw new TuttiError('OPTION_INVALID', `There is no method ${String(method satisfies never)}.`);
  }
};

/** What the node holds is given away before it loses its rights. */
const leave = async ({ machine, rest, goOn, end }: MachineProcess): Promise<void> => {
  await rest();
  try {
    await machine.leave();
  } catch (error) {
    goOn();
    throw error;
  }
  setImmediate(end);
};

/** Asks the process that holds the folder. Rejects with `DATA_UNAVAILABLE` if none does. */
export const askMachine = async <Name extends Method>(
  folder: string,
  method: Name,
  asks: MachineMethods[Name]['asks'],
): Promise<MachineMethods[Name]['answer']> =>
  (await askFolder(folder, socketName, method, asks)) as MachineMethods[Name]['answer'];
