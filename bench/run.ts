import { fileURLToPath } from 'node:url'
import { openDump } from '../src/session/open.js'
import { measureArenas } from './arenas.js'
import { measureBtf } from './btf.js'
import { measureCasts } from './cast.js'
import { measureDumps } from './dumps.js'
import { million } from './fixture.js'
import { measureFrames } from './frames.js'
import { measureMount } from './fuse.js'
import { measureJupyter } from './jupyter.js'
import { measureLinkedCasts } from './linked.js'
import { measureOpening } from './opening.js'
import { measurePrompt } from './prompt.js'
import { measureReports } from './report.js'
import { measureTime } from './time.js'
import { measureTranslation } from './translation.js'
import { measureTui } from './tui.js'
import { measureWalk } from './walk.js'

/** Everything that the project promises in numbers, with the limits of this machine beside it. */
const dist = fileURLToPath(new URL('../dist', import.meta.url))

measureArenas()
measureCasts(dist)
measureLinkedCasts(dist)
await measureReports()
await measureTime()
const fixture = await million()
try {
  measureBtf(fixture.btf, dist)
  measureOpening(fixture, dist)
  measureDumps(fixture.dump, fixture.kdump)
  const dump = openDump(fixture.dump)
  measureWalk(dump, fixture.session)
  measureFrames(dump)
  measureTranslation(fixture.session)
  await measurePrompt(dump)
  measureMount(fixture.dump, 'million')
  await dump.close()
  await measureTui(fixture.dump)
  measureJupyter(fixture.dump)
} finally {
  await fixture[Symbol.asyncDispose]()
}
