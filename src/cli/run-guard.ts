/**
 * Entry of a thread that ends its process when the command that started it is gone. The process ends by itself when its
 * channel closes, unless user code keeps its main thread: then this does it, a while later.
 */
const lookEveryMs = 250;
const graceMs = 3_000;

const parent = process.ppid;
let goneForMs = 0;

setInterval(() => {
  goneForMs = process.ppid === parent ? 0 : goneForMs + lookEveryMs;
  if (goneForMs >= graceMs) process.kill(process.pid, 'SIGKILL');
}, lookEveryMs);
