/** `pawdex jobs`: lists the jobs of a running server, and pauses, resumes and cancels them. */
import type { PawdexClient } from '../client/client.js';
import type { Job, JobList } from '../client/wire.js';
import { createCommand, createCommandGroup, readCommonOptions, SERVER } from './create-command.js';
import { formatSeconds, printResult } from './print.js';
import { connectToRunningServer } from './with-engine.js';

type JobSummary = JobList['jobs'][number];

const createSubcommand = (
  name: string,
  description: string,
  example: string,
  json = 'print one JSON object',
) =>
  createCommand(name, description, `jobs ${example}`, ['DATA_DIR']).option('--json', json).addOption(SERVER);

/** Creates a subcommand that prints the job which `act` returns. */
const createJobSubcommand = (
  name: string,
  description: string,
  act: (client: PawdexClient, id: string) => Promise<Job>,
) =>
  createSubcommand(name, description, `${name} ID`)
    .argument('<id>', 'the ID of the job')
    .action(async (id, flags) => {
      const job = await act(await connectToRunningServer(readCommonOptions(flags)), id);
      await printResult(job, formatJob(job), flags.json);
    });

const list = createSubcommand('list', 'list the jobs (default)', 'list').action(async (flags) => {
  const client = await connectToRunningServer(readCommonOptions(flags));
  const jobs = await client.listJobs();
  await printResult({ jobs }, jobs.length > 0 ? jobs.map(formatJob) : 'no jobs', flags.json);
});

const failures = createSubcommand(
  'failures',
  'list the files that a job could not index',
  'failures ID',
  'print one JSON object per file',
)
  .argument('<id>', 'the ID of the job')
  .action(async (id, flags) => {
    const client = await connectToRunningServer(readCommonOptions(flags));
    for (const failure of await client.listJobFailures(id)) {
      const { file, detail, code } = failure;
      await printResult(failure, `${file}: ${detail} [${code}]`, flags.json);
    }
  });

export const command = createCommandGroup(
  'jobs',
  'list the jobs of a running server; pause, resume and cancel them',
  'jobs pause ID',
  [
    list,
    createJobSubcommand('show', 'show a job', (client, id) => client.getJob(id)),
    createJobSubcommand('pause', 'pause a job', (client, id) => client.pauseJob(id)),
    createJobSubcommand('resume', 'resume a paused job', (client, id) => client.resumeJob(id)),
    createJobSubcommand('cancel', 'cancel a job', (client, id) => client.cancelJob(id)),
    failures,
  ],
);

function formatJob({ id, kind, collection, state, progress, error }: JobSummary): string {
  const what = collection === null ? kind : `${kind} ${collection}`;
  return `${id}  ${what}: ${state}${formatJobProgress(progress)}${error === null ? '' : ` (${error.code})`}`;
}

function formatJobProgress(progress: JobSummary['progress']): string {
  if (progress === null) {
    return '';
  }
  const { phase, done, total, perSecond, secondsLeft } = progress;
  const pace = perSecond === null ? '' : `, ${perSecond}/s`;
  const left = secondsLeft === null || done >= total ? '' : `, ${formatSeconds(secondsLeft)} left`;
  return `, ${phase} ${done}/${total}${pace}${left}`;
}
