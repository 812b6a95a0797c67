/** On every page, while something is wrong in the cluster: what, in a line that leads to the rest of it. */
import type { JSX } from 'preact';
import { formatCount } from '../format.ts';
import { overview } from '../link/overview.ts';
import { clusterHref, route } from '../route.ts';

export const FaultNotice = (): JSX.Element => {
  const faults = overview.value?.cluster?.faults ?? [];
  const [first] = faults;
  // The page of the cluster says all of it itself.
  if (first === undefined || route.value.page === 'cluster') return <div />;
  return (
    <p class="notice" role="status">
      {first.what}{' '}
      <a href={clusterHref}>{faults.length === 1 ? 'Cluster' : `And ${formatCount(faults.length - 1)} more`}</a>
    </p>
  );
};
