import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packageRoot } from '../../package-root.js'
import { protocolVersion } from './wire/message.js'

/** The content of a kernel_info_reply. */
export function kernelInfo(): unknown {
  const { version } = createRequire(import.meta.url)(join(packageRoot(), 'package.json'))
  return {
    status: 'ok',
    protocol_version: protocolVersion,
    implementation: 'cryoscope',
    implementation_version: version,
    banner: `cryoscope ${version}: vm is the target, vm.help() lists what it can do`,
    language_info: {
      name: 'typescript',
      version: '5.0',
      mimetype: 'text/typescript',
      file_extension: '.ts',
      codemirror_mode: { mode: 'typescript', name: 'javascript', typescript: true },
    },
    help_links: [],
    debugger: false,
  }
}
