/** What the client is asked to do in each runtime; its argument is the node's address. Plain JavaScript: `client.mjs` is beside it. */
import { connect } from './client.mjs';

const url = globalThis.Deno?.args[0] ?? process.argv[2];
const say = (...values) => console.log(JSON.stringify(values));

const client = connect(url, { giveUpAfter: '10 s' });
say('undefined', (await client.tasks.nothing.run()) === undefined);

const value = {
  date: new Date(0),
  map: new Map([[1n, new Set(['a'])]]),
  bytes: new Uint8Array([1, 2, 255]),
  minusZero: -0,
};
const echoed = await client.tasks.echo.run(value);
say(
  'values',
  echoed.date instanceof Date,
  echoed.map.get(1n).has('a'),
  [...echoed.bytes],
  Object.is(echoed.minusZero, -0),
);

await client.tasks.half.run(3).catch(({ code, outcome }) => say('refused', code, outcome));
await client.tasks.refuses.run().catch(({ code, outcome, cause }) => say('failed', code, outcome, cause.message));

const told = await client.tasks.tells.start({ lines: 3, steps: 2 });
const lines = [];
for await (const event of client.follow(told.id)) {
  if (event.type === 'log') lines.push(event.index);
  if (event.type === 'finished') say('followed', lines, event.value);
}

const asleep = await client.tasks.sleeps.start();
await client.cancel(asleep.id);
await asleep.result().catch(({ code }) => say('cancelled', code));

const many = await Promise.all(Array.from({ length: 500 }, (_, n) => client.tasks.half.run(2 * n)));
say(
  'many',
  many.every((half, n) => half === n),
);

const giveUp = AbortSignal.timeout(50);
const sleeping = await client.tasks.sleeps.start();
await client.result(sleeping.id, { signal: giveUp }).catch(({ code, outcome }) => say('given up', code, outcome));
await client.cancel(sleeping.id);
await client.close();
