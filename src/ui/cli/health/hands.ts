import { spawn } from 'node:child_process'
import { resolveKernel } from '../../../machine/kernels.js'
import { cachedBpftool, cachedBusybox } from '../../../machine/tools.js'
import type { Hands } from './mend.js'

/** Does it, and says so. What programs say goes to stderr: stdout is for the table. */
export function ownHands(say: (sentence: string) => void): Hands {
  return {
    say,
    run: (program, words) =>
      new Promise((resolve) => {
        const child = spawn(program, words, {
          stdio: ['inherit', process.stderr, 'inherit'],
          env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        })
        child.once('error', () => resolve(127))
        child.once('close', (code) => resolve(code ?? 128))
      }),
    async fetch(what) {
      const options = { onProgress: say }
      if (what === 'kernel') await resolveKernel(undefined, options)
      else if (what === 'bpftool') await cachedBpftool(options)
      else await cachedBusybox('amd64', options)
    },
  }
}
