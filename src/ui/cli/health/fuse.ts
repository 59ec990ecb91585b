import type { Check } from './check.js'
import { asRoot, packageAdvice, type Surroundings } from './surroundings.js'

/** What `mount` needs, each apart: the kernel's part and who may use it, the helper, and the library that is the other way. */
export function fuseChecks(around: Surroundings, loadLibrary: Loader): Promise<Check[]> {
  return library(loadLibrary, around).then((found) => [kernelPart(around), helper(around), found])
}

/** Loads fuse-native; throws what keeps it from being loaded. */
export type Loader = () => Promise<unknown>

function kernelPart(around: Surroundings): Check {
  const check = { name: 'fuse', needed: false } as const
  switch (around.device('/dev/fuse')) {
    case 'usable':
      return { ...check, state: 'ok', found: '/dev/fuse, mounts targets as files' }
    case 'closed':
      return {
        ...check,
        state: 'missing',
        found: 'this user may not open /dev/fuse',
        fix: asRoot(around, 'chmod 666 /dev/fuse'),
        remedy: { kind: 'root', program: 'chmod', words: ['666', '/dev/fuse'] },
      }
    case 'absent':
      return noDriver('the kernel has no FUSE loaded', around)
    case 'dead':
      return noDriver('/dev/fuse is there, but the kernel has no FUSE loaded', around)
  }
}

function noDriver(found: string, around: Surroundings): Check {
  return {
    name: 'fuse',
    needed: false,
    state: 'missing',
    found,
    fix: asRoot(around, 'modprobe fuse'),
    remedy: { kind: 'root', program: 'modprobe', words: ['fuse'] },
  }
}

function helper(around: Surroundings): Check {
  const check = { name: 'fusermount3', needed: false } as const
  const path = around.program('fusermount3')
  const purpose = 'mounts for ordinary users, and unmounts'
  if (path === undefined) {
    return {
      ...check,
      state: 'missing',
      found: purpose,
      fix: packageAdvice('fuse3', around),
      remedy: { kind: 'package', name: 'fuse3' },
    }
  }
  if (around.isRoot || around.runsAsRoot(path)) return { ...check, state: 'ok', found: `${path}, ${purpose}` }
  return {
    ...check,
    state: 'missing',
    found: `${path} does not run as root, so it may not mount for ordinary users`,
    fix: asRoot(around, `chown root ${path}`, `chmod u+s ${path}`),
  }
}

/** Nothing is amiss where it is not installed: the kernel is spoken to without it. */
async function library(load: Loader, around: Surroundings): Promise<Check> {
  const check = { name: 'fuse-native', needed: false } as const
  const purpose = 'mounts where /dev/fuse cannot be spoken to otherwise'
  try {
    await load()
    return { ...check, state: 'ok', found: `loads, ${purpose}` }
  } catch (error) {
    const { message } = error as Error
    if (!message.includes('libfuse.so.2')) {
      return { ...check, state: 'missing', found: `not installed; ${purpose}, and nothing else needs it` }
    }
    return {
      ...check,
      state: 'missing',
      found: `does not load: its library libfuse 2 is not installed; ${purpose}`,
      fix: packageAdvice('libfuse2', around),
      remedy: { kind: 'package', name: 'libfuse2' },
      isExtra: true,
    }
  }
}
