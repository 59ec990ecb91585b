/** A Jupyter kernel as a process: what a kernelspec starts. */
import { parseArgs } from 'node:util'
import { CryoscopeError, exitCodes } from '../../errors.js'

try {
  const { values } = parseArgs({
    options: { 'connection-file': { type: 'string' }, target: { type: 'string' } },
  })
  const file = values['connection-file']
  if (file === undefined) {
    throw new CryoscopeError(
      'usage',
      'this is the kernel that Jupyter starts; install it with cryoscope kernel install',
    )
  }
  // What notebooks need besides is looked for when this loads.
  const { startKernel } = await import('./start.js')
  await startKernel(file, values.target)
} catch (error) {
  const isOurs = error instanceof CryoscopeError
  const said = error instanceof Error ? error : new Error(String(error))
  process.stderr.write(`cryoscope: ${isOurs ? said.message : said.stack}\n`)
  process.exit(isOurs ? exitCodes[error.code] : 1)
}
