import { CryoscopeError } from '../../../errors.js'
import type { Kernel } from '../../../kernel/kernel.js'
import type { Problems } from '../../../problems.js'
import { named, type Unnamed } from './named-object.js'

export interface InodeName {
  readonly kind: 'inode'
  readonly address: bigint
  /** Inode number. */
  readonly ino: bigint
  /** "tmpfs", "ext4". */
  readonly filesystem: string
  /** As the superblock names its device: "sda1"; for filesystems without one, often their type again. */
  readonly device: string
  /** Type and permissions, as stat's st_mode. */
  readonly mode: number
  /** From the root of its filesystem; undefined when no name of it is cached, or it cannot be read. */
  readonly path: string | undefined
}

/** PATH_MAX with two characters to a name. */
const depthLimit = 2048
/** NAME_MAX. */
const nameLimit = 255

/** A struct inode (include/linux/fs.h). */
export function nameInode(kernel: Kernel, address: bigint, problems: Problems): InodeName | Unnamed {
  return named('inode', address, () => {
    const inode = kernel.struct('inode', address)
    const block = kernel.struct('super_block', inode.pointer('i_sb'))
    const filesystem = kernel.struct('file_system_type', block.pointer('s_type')).pointer('name')
    const ino = inode.unsigned('i_ino')
    return {
      kind: 'inode',
      address,
      ino,
      filesystem: filesystem === 0n ? '' : kernel.space.text(filesystem, 64),
      device: block.text('s_id'),
      mode: inode.number('i_mode'),
      path: problems.attempt(`path of inode ${ino}`, () => pathOf(kernel, inode.pointer('i_dentry.first'))),
    }
  })
}

/** `alias` is the hlist node of the first dentry that names the inode (include/linux/dcache.h). */
function pathOf(kernel: Kernel, alias: bigint): string | undefined {
  if (alias === 0n) return undefined
  const layout = kernel.layouts.get('dentry')
  const names: string[] = []
  let at = alias - BigInt(layout.offset('d_u.d_alias', 'd_alias'))
  while (names.length < depthLimit) {
    const dentry = kernel.struct('dentry', at)
    const parent = dentry.pointer('d_parent')
    if (parent === at || parent === 0n) return `/${names.reverse().join('/')}`
    const length = dentry.number('d_name.len', '__d_name.len')
    names.push(kernel.space.text(dentry.pointer('d_name.name', '__d_name.name'), Math.min(length, nameLimit)))
    at = parent
  }
  throw new CryoscopeError('unreadable', `its dentries do not end after ${depthLimit} levels`)
}
