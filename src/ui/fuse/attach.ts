import { Session } from '../../session/session.js'
import type { Mount, MountOptions } from './mount.js'

declare module '../../session/session.js' {
  interface Session {
    /**
     * Shows the target as files on an empty directory, until `unmount` of the result or the end of the process. Requests are
     * served by this process's event loop: never read the mount synchronously from the same process, which would wait for
     * itself; `await` a child process. Throws 'environment' where FUSE is not installed, with what to install.
     */
    mount(directory: string, options?: MountOptions): Promise<Mount>
  }
}

/** Views are above the session, and people want this from `vm`: whoever hands out sessions loads this file. */
Session.prototype.mount = async function (
  this: Session,
  directory: string,
  options: MountOptions = {},
): Promise<Mount> {
  const { mount } = await import('./mount.js')
  return await mount(this, directory, options)
}
