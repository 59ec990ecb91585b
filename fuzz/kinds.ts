import type { Kind } from './kind.js'
import { absentKind } from './kinds/absent.js'
import { btfKind } from './kinds/btf.js'
import { castKind } from './kinds/casts.js'
import { compressionKind } from './kinds/compression.js'
import { dumpKinds } from './kinds/dump.js'
import { formatKinds } from './kinds/formats.js'
import { memoryKinds } from './kinds/memory.js'
import { plantedKinds } from './kinds/planted.js'
import { qmpKind } from './kinds/qmp.js'
import { rawKind } from './kinds/raw.js'
import { gdbKind, jupyterKind } from './kinds/wire.js'

/** Everything that is tried. */
export const kinds: readonly Kind[] = [
  compressionKind,
  ...formatKinds,
  rawKind,
  btfKind,
  castKind,
  ...memoryKinds,
  absentKind,
  ...dumpKinds,
  gdbKind,
  qmpKind,
  jupyterKind,
]

/** By name; also those that are faulty on purpose. */
export function kindNamed(name: string): Kind | undefined {
  return [...kinds, ...plantedKinds].find((kind) => kind.name === name)
}
