import { expect, test } from 'vitest';
import { manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { type Flat, fromClient, toClient } from '../tasks/messages.ts';
import { encodeError } from '../values/codec.ts';
import { LocalClient } from './local-client.ts';

const pauseMs = 50;

test('a refusal for load that comes twice is asked about once, again and again until there is room', async () => {
  const env = manualEnv();
  const sent: Flat[] = [];
  let receive = (_flat: Flat): void => {};
  const port = {
    on: (_event: string, take: (flat: Flat) => void) => {
      receive = take;
    },
    postMessage: (flat: Flat) => sent.push(flat),
    close: () => undefined,
  };
  const client = new LocalClient(port, 1, env);
  const id = client.start({ name: 'send', input: 'null', policy: undefined, key: undefined, delayMs: 0 });
  const text = encodeError(new TuttiError('OVERLOADED', 'Full.', { details: { retryMs: pauseMs } }));
  for (let round = 1; round <= 5; round++) {
    await new Promise(process.nextTick);
    expect(sent.length).toBe(round);
    expect(sent.at(-1)).toEqual(sent[0]);
    expect(sent[0]?.[0]).toBe(fromClient.start);
    const refusal = [toClient.reply, sent[0]?.[1], 0, text];
    receive([...refusal, ...refusal]);
    env.advance(pauseMs);
  }
  receive([toClient.reply, sent[0]?.[1], 1, '"done"']);
  expect(await id).toBe('done');
});
