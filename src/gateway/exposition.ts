/** The text format of Prometheus: families with their help and type, samples with their labels. */
import { type Histogram, histogramBoundsMs } from '../protocol/overview.ts';

export type Labels = Readonly<Record<string, string | number>>;
export type Sample = readonly [labels: Labels, value: number | undefined];
type Kind = 'counter' | 'gauge';

/** Families of samples, each with what it means and its type. */
export class Exposition {
  readonly #lines: string[] = [];

  counter(name: string, help: string, samples: readonly Sample[]): void {
    this.#family(name, help, 'counter', samples);
  }

  gauge(name: string, help: string, samples: readonly Sample[]): void {
    this.#family(name, help, 'gauge', samples);
  }

  histogram(name: string, help: string, rows: readonly (readonly [Labels, Histogram])[]): void {
    if (rows.length === 0) return;
    this.#head(name, help, 'histogram');
    for (const [labels, { counts, sumMs }] of rows) {
      let below = 0;
      counts.forEach((count, index) => {
        below += count;
        const boundMs = histogramBoundsMs[index];
        this.#sample(`${name}_bucket`, { ...labels, le: boundMs === undefined ? '+Inf' : boundMs / 1_000 }, below);
      });
      this.#sample(`${name}_sum`, labels, sumMs / 1_000);
      this.#sample(`${name}_count`, labels, below);
    }
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  /** What has no value now is left out. */
  #family(name: string, help: string, kind: Kind, samples: readonly Sample[]): void {
    const known = samples.filter((sample): sample is [Labels, number] => sample[1] !== undefined);
    if (known.length === 0) return;
    this.#head(name, help, kind);
    for (const [labels, value] of known) this.#sample(name, labels, value);
  }

  #head(name: string, help: string, kind: Kind | 'histogram'): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(String(text))}"`);
    this.#lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`);
  }
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
