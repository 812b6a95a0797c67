/**
 * Starts so many charges of so many items at the node with that address, says `started` when all are durable, and their sums in the
 * end. The token is in TUTTI_TOKEN, the authority in NODE_EXTRA_CA_CERTS.
 */
import { connect } from '../../src/client/client.ts';

const [url, count, items] = process.argv.slice(2) as [string, string, string];
const client = connect(url, { token: process.env['TUTTI_TOKEN'] as string, timeout: '60 s', giveUpAfter: '60 s' });
try {
  const tasks = await Promise.all(
    Array.from({ length: Number(count) }, () => client.tasks['charge']!.start(Number(items))),
  );
  console.log('started');
  console.log(JSON.stringify(await Promise.all(tasks.map((task) => task.result()))));
} finally {
  await client.close();
}
