import { CryoscopeError } from '../../../errors.js'
import type { Kernel } from '../../../kernel/kernel.js'
import { idrEntries } from '../../../kernel/walk/xarray.js'
import type { Problems } from '../../../problems.js'
import { named, type Unnamed } from './named-object.js'

export interface CgroupName {
  readonly kind: 'cgroup'
  readonly address: bigint
  /** Its kernfs id: the inode number under /sys/fs/cgroup. */
  readonly id: bigint
  /** From the root of its hierarchy: "/", "/system.slice/ssh.service"; undefined where it cannot be read. */
  readonly path: string | undefined
}

/** cgroup.max.depth is unlimited, but a path ends at PATH_MAX, two characters to a name. */
const depthLimit = 2048
/** NAME_MAX. */
const nameLimit = 255

/** A struct cgroup, named by the path of its kernfs node (fs/kernfs/dir.c). */
export function nameCgroup(kernel: Kernel, address: bigint, problems: Problems): CgroupName | Unnamed {
  return named('cgroup', address, () => {
    const node = kernel.struct('cgroup', address).pointer('kn')
    const id = kernel.struct('kernfs_node', node).integer('id')
    const path = problems.attempt(`path of cgroup ${id}`, () => pathOf(kernel, node))
    return { kind: 'cgroup', address, id, path }
  })
}

function pathOf(kernel: Kernel, from: bigint): string {
  const names: string[] = []
  for (let at = from; names.length < depthLimit; ) {
    const node = kernel.struct('kernfs_node', at)
    // `parent` before 6.15.
    const parent = node.pointer('__parent', 'parent')
    if (parent === 0n) return `/${names.reverse().join('/')}`
    const name = node.pointer('name')
    names.push(name === 0n ? '' : kernel.space.text(name, nameLimit + 1))
    at = parent
  }
  throw new CryoscopeError('unreadable', `its kernfs nodes do not end after ${depthLimit} levels`)
}

/** Cgroups of the default hierarchy by id, from the idr of its kernfs nodes. */
export function cgroupsById(kernel: Kernel, problems: Problems): Map<bigint, bigint> {
  const found = new Map<bigint, bigint>()
  const hierarchy = kernel.struct('cgroup_root', kernel.symbol('cgrp_dfl_root')).pointer('kf_root')
  const root = kernel.struct('kernfs_root', hierarchy)
  const directory = 1
  for (const { pointer } of idrEntries(kernel, root.at('ino_idr'), problems, 'cgroups')) {
    problems.attempt(`kernfs_node at 0x${pointer.toString(16)}`, () => {
      const node = kernel.struct('kernfs_node', pointer)
      // Files of the hierarchy are in the idr too; their `priv` is a cftype.
      if ((node.number('flags') & 0xf) === directory) found.set(node.integer('id'), node.pointer('priv'))
    })
  }
  return found
}
