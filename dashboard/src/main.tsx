import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/overview.css';
import './styles/cluster.css';
import './styles/tasks.css';
import './styles/task.css';
import './styles/values.css';
import './styles/start.css';
import { type JSX, render } from 'preact';
import { ClusterPage } from './cluster/cluster-page.tsx';
import { Frame } from './frame/frame.tsx';
import { TokenGate } from './frame/token-gate.tsx';
import { linkState } from './link/session.ts';
import { OverviewPage } from './overview/overview-page.tsx';
import { route } from './route.ts';
import { StartPage } from './start/start-page.tsx';
import { TaskPage } from './task/task-page.tsx';
import { TasksPage } from './tasks/tasks-page.tsx';

const Page = (): JSX.Element => {
  if (linkState.value === 'denied') return <TokenGate />;
  const { page, subject, query } = route.value;
  switch (page) {
    case 'overview':
      return <OverviewPage />;
    case 'cluster':
      return <ClusterPage />;
    case 'tasks':
      return <TasksPage />;
    case 'task':
      return <TaskPage key={subject} id={subject ?? ''} />;
    case 'start':
      return <StartPage key={`${subject} ${query.get('from')}`} name={subject} from={query.get('from') ?? undefined} />;
    default:
      return page satisfies never;
  }
};

const App = (): JSX.Element => (
  <Frame>
    <Page />
  </Frame>
);

const root = document.getElementById('page');
if (root !== null) render(<App />, root);
