import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { architectures } from '../../../src/machine/architecture.js'
import { findQemu } from '../../../src/machine/qemu.js'
import { toolsDirectory } from '../../../src/machine/tools.js'

/** What arm64 guests need and this machine lacks; undefined where all is there. */
export function missingForArm64(): string | undefined {
  try {
    findQemu('arm64')
  } catch {
    return `${architectures.arm64.qemu} is not installed`
  }
  const tools = toolsDirectory('arm64')
  return existsSync(join(tools, 'usr/sbin/bpftool')) ? undefined : `there is no bpftool for arm64 in ${tools}`
}
