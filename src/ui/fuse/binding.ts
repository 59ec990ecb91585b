import { CryoscopeError } from '../../errors.js'
import type { FileSystem } from './file-system.js'

/** How a file system is mounted. */
export interface BindingOptions {
  readonly directory: string
  readonly files: FileSystem
  /** What stands as the source in the mount table. */
  readonly name: string
  /** Whether extended attributes are answered; where they are not the kernel soon does not ask. */
  readonly attributes: boolean
  readonly readOnly: boolean
  /** Whether other users may look; modes count then. */
  readonly forAll: boolean
  /** Seconds for which the kernel may believe that a name leads where it led. */
  readonly namesHold: number
  /** Whether contents never change. */
  readonly isFixed: boolean
  /** Calls the listener whenever what the kernel was told may no longer hold; absent where nobody says. */
  readonly onChange?: (listener: () => void) => () => void
}

export interface Binding {
  /** Ends the mount, also when files are open. */
  unmount(): Promise<void>
  /** Resolves when the kernel has ended it; fuse-native does not say. */
  readonly ended?: Promise<void>
}

/** Mounts a file system and serves it from this process's event loop: through /dev/fuse, or by fuse-native where that fails. */
export async function bind(options: BindingOptions): Promise<Binding> {
  const { bindDevice } = await import('./device/bind.js')
  try {
    return await bindDevice(options)
  } catch (error) {
    if (!(error instanceof CryoscopeError) || error.code !== 'environment') throw error
    const native = await import('./fuse-native.js')
    try {
      await native.loadFuse()
    } catch {
      // What is wrong with the first way is what people can mend.
      throw error
    }
    return await native.bindNative(options)
  }
}
