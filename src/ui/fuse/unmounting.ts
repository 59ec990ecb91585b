import { execFile } from 'node:child_process'
import { CryoscopeError } from '../../errors.js'

/** Takes a FUSE mount away, also when files in it are open: whoever has them gets errors. */
export async function detachMount(directory: string): Promise<void> {
  let problem = ''
  for (const program of ['fusermount3', 'fusermount']) {
    const result = await run(program, ['-u', '-z', '--', directory])
    if (result === undefined) return
    if (result !== 'absent') problem ||= result
  }
  if (problem === '') {
    throw new CryoscopeError(
      'environment',
      'fusermount3 is not installed, which unmounts (Debian: apt install fuse3)',
    )
  }
  throw new CryoscopeError('environment', `cannot unmount ${directory}: ${problem}`)
}

/** Undefined when it worked, else why not. */
async function run(program: string, words: readonly string[]): Promise<string | undefined> {
  return await new Promise((resolve) => {
    execFile(program, [...words], { timeout: 10_000 }, (error, _stdout, stderr) => {
      if (error === null) resolve(undefined)
      else if ((error as NodeJS.ErrnoException).code === 'ENOENT') resolve('absent')
      else resolve(stderr.trim() || error.message)
    })
  })
}
