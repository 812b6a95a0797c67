/** Two networks with one wire between them, and nothing else: neither reaches this machine's own network. */
import { execFileSync } from 'node:child_process';

export class Namespaces {
  /** Where the machines are, at `hosts`. */
  readonly inside: string;
  /** Where everybody else is. */
  readonly outside: string;
  readonly hosts = ['10.77.0.1', '10.77.0.2', '10.77.0.3'] as const;

  /** Throws where `ip` is missing, or the rights to make them. */
  constructor() {
    this.inside = `tutti-in-${process.pid}`;
    this.outside = `tutti-out-${process.pid}`;
    // Its name is made before it moves into the namespace, so it must be free in this machine's network.
    const [wire, end] = [`tti${process.pid}`, `tto${process.pid}`];
    ip(`netns add ${this.inside}`);
    ip(`netns add ${this.outside}`);
    ip(`link add ${wire} netns ${this.inside} type veth peer name ${end} netns ${this.outside}`);
    for (const host of this.hosts) ip(`-n ${this.inside} address add ${host}/24 dev ${wire}`);
    ip(`-n ${this.outside} address add 10.77.0.100/24 dev ${end}`);
    for (const [name, device] of [
      [this.inside, wire],
      [this.outside, end],
    ] as const)
      for (const up of ['lo', device]) ip(`-n ${name} link set ${up} up`);
  }

  remove(): void {
    for (const name of [this.inside, this.outside]) ip(`netns delete ${name}`);
  }
}

const ip = (words: string): void => {
  execFileSync('ip', words.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] });
};
