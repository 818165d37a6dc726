/** `pawdex jobs`: lists the jobs of a running server, and pauses, resumes and cancels them. */
import type { PawdexClient } from '../client/client.js';
import type { Job, JobList } from '../client/wire.js';
import { createCommand, readCommonOptions, SERVER } from './create-command.js';
import { failUsage } from './exit-codes.js';
import { formatSeconds, printLine, printResult } from './print.js';
import { connectToRunningServer } from './with-engine.js';

type JobSummary = JobList['jobs'][number];

const ACTIONS: Record<string, (client: PawdexClient, id: string) => Promise<Job>> = {
  show: (client, id) => client.getJob(id),
  pause: (client, id) => client.pauseJob(id),
  resume: (client, id) => client.resumeJob(id),
  cancel: (client, id) => client.cancelJob(id),
};
const WORDS = ['list', ...Object.keys(ACTIONS), 'failures'];

export const command = createCommand(
  'jobs',
  'list the jobs of a running server; pause, resume and cancel them',
  'jobs pause ID',
)
  .argument(
    '[action]',
    'list, show, pause, resume, cancel, or failures (files that could not be indexed)',
    'list',
  )
  .argument('[id]', 'the ID of the job')
  .option('--json', 'print one JSON object; for failures, one per line')
  .addOption(SERVER)
  .action(async (word, id, flags) => {
    if (!WORDS.includes(word)) {
      failUsage(`Unknown action ${word}. Use one of ${WORDS.join(', ')}.`);
    }
    if ((word === 'list') === (id !== undefined)) {
      failUsage(word === 'list' ? 'list takes no job ID.' : `${word} needs a job ID.`);
    }
    const client = await connectToRunningServer(readCommonOptions(flags));
    if (word === 'list') {
      const jobs = await client.listJobs();
      await printLine(
        flags.json ? JSON.stringify({ jobs }) : jobs.length > 0 ? jobs.map(formatJob) : 'no jobs',
      );
    } else if (word === 'failures') {
      for (const failure of await client.listJobFailures(id!)) {
        const { file, detail, code } = failure;
        await printLine(flags.json ? JSON.stringify(failure) : `${file}: ${detail} [${code}]`);
      }
    } else {
      const job = await ACTIONS[word]!(client, id!);
      await printResult(job, formatJob(job), flags.json);
    }
  });

function formatJob({ id, kind, collection, state, progress, error }: JobSummary): string {
  const what = collection === null ? kind : `${kind} ${collection}`;
  return `${id}  ${what}: ${state}${formatProgress(progress)}${error === null ? '' : ` (${error.code})`}`;
}

function formatProgress(progress: JobSummary['progress']): string {
  if (progress === null) {
    return '';
  }
  const { phase, done, total, perSecond, secondsLeft } = progress;
  const pace = perSecond === null ? '' : `, ${perSecond}/s`;
  const left = secondsLeft === null || done >= total ? '' : `, ${formatSeconds(secondsLeft)} left`;
  return `, ${phase} ${done}/${total}${pace}${left}`;
}
