import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const programs = ['munged', 'slurmctld', 'slurmd'].map((name) => `/usr/sbin/${name}`)

/** Debian's slurm-wlm and munge are here, and may be started. */
export function hasSlurm(): boolean {
  return process.getuid?.() === 0 && programs.every((program) => existsSync(program))
}

export interface Cluster extends AsyncDisposable {
  /** What sbatch and its like need. */
  readonly environment: NodeJS.ProcessEnv
}

/** A cluster of this machine alone, with ports and keys of its own. */
export async function startSlurm(): Promise<Cluster> {
  const home = mkdtempSync(join(tmpdir(), 'cryoscope-slurm-'))
  // munged wants its socket where everybody may look.
  chmodSync(home, 0o755)
  const at = (name: string) => join(home, name)
  for (const name of ['munge', 'state', 'spool']) mkdirSync(at(name), { mode: 0o755 })
  writeFileSync(at('key'), randomBytes(1024), { mode: 0o400 })
  const socket = at('munge/socket')
  const host = hostname().split('.')[0]
  const lines = [
    'ClusterName=cryoscope',
    `SlurmctldHost=${host}(127.0.0.1)`,
    ...['SlurmUser=root', 'SlurmdUser=root', 'AuthType=auth/munge', `AuthInfo=socket=${socket}`],
    ...['CredType=cred/munge', 'CryptoType=crypto/munge', 'SlurmctldPort=26817', 'SlurmdPort=26818'],
    ...[`SlurmctldPidFile=${at('slurmctld.pid')}`, `SlurmdPidFile=${at('slurmd.pid')}`],
    ...[`SlurmctldLogFile=${at('slurmctld.log')}`, `SlurmdLogFile=${at('slurmd.log')}`],
    ...[`StateSaveLocation=${at('state')}`, `SlurmdSpoolDir=${at('spool')}`],
    ...['ProctrackType=proctrack/pgid', 'TaskPlugin=task/none', 'JobAcctGatherType=jobacct_gather/none'],
    ...['AccountingStorageType=accounting_storage/none', 'SelectType=select/cons_tres', 'MpiDefault=none'],
    `NodeName=${host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN`,
    `PartitionName=all Nodes=${host} Default=YES MaxTime=INFINITE State=UP`,
  ]
  writeFileSync(at('slurm.conf'), `${lines.join('\n')}\n`)
  const environment = { ...process.env, SLURM_CONF: at('slurm.conf') }
  const stop = async () => {
    for (const name of ['slurmd.pid', 'slurmctld.pid', 'munge/pid']) {
      try {
        const pid = Number(readFileSync(at(name), 'utf8'))
        process.kill(pid)
        // What it writes at its end would lie in the way.
        for (let tries = 0; tries < 50 && existsSync(`/proc/${pid}`); tries++) await sleep(200)
      } catch {
        // It never came up, or has ended.
      }
    }
    rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
  try {
    const munge = ['key', 'munge/socket', 'munge/pid', 'munge/log', 'munge/seed']
    const options = ['--key-file', '--socket', '--pid-file', '--log-file', '--seed-file']
    const words = options.map((option, index) => `${option}=${at(munge[index] ?? '')}`)
    execFileSync('/usr/sbin/munged', [...words, '--force'], { stdio: 'ignore' })
    execFileSync('/usr/sbin/slurmctld', ['-c', '-f', at('slurm.conf')], { stdio: 'ignore', env: environment })
    execFileSync('/usr/sbin/slurmd', ['-f', at('slurm.conf')], { stdio: 'ignore', env: environment })
    for (let tries = 0; ; tries++) {
      const { stdout } = spawnSync('sinfo', ['-h', '-o', '%T'], { env: environment, encoding: 'utf8' })
      if (stdout?.trim() === 'idle') break
      if (tries === 120)
        throw new Error(`slurm did not start: ${readFileSync(at('slurmctld.log'), 'utf8').slice(-2000)}`)
      await sleep(500)
    }
  } catch (error) {
    await stop()
    throw error
  }
  return {
    environment,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}
