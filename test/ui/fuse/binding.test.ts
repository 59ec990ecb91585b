import { afterEach, describe, expect, it, vi } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import { type Binding, type BindingOptions, bind } from '../../../src/ui/fuse/binding.js'

const ways = vi.hoisted(() => ({ bindDevice: vi.fn(), loadFuse: vi.fn(), bindNative: vi.fn() }))
vi.mock('../../../src/ui/fuse/device/bind.js', () => ({ bindDevice: ways.bindDevice }))
vi.mock('../../../src/ui/fuse/fuse-native.js', () => ({
  loadFuse: ways.loadFuse,
  bindNative: ways.bindNative,
}))

const options = { directory: '/nowhere' } as BindingOptions
const made = (): Binding => ({ unmount: async () => {} })
const helperFails = new CryoscopeError('environment', 'fusermount3 is not installed')

afterEach(() => vi.resetAllMocks())

describe('a mount', () => {
  it('goes through /dev/fuse, and nothing else is loaded', async () => {
    const device = made()
    ways.bindDevice.mockResolvedValue(device)
    expect(await bind(options)).toBe(device)
    expect(ways.loadFuse).not.toHaveBeenCalled()
  })

  it('goes through fuse-native where that does not work', async () => {
    const native = made()
    ways.bindDevice.mockRejectedValue(helperFails)
    ways.bindNative.mockResolvedValue(native)
    expect(await bind(options)).toBe(native)
    expect(ways.bindNative).toHaveBeenCalledWith(options)
  })

  it('says what is wrong with the first way where fuse-native does not load', async () => {
    ways.bindDevice.mockRejectedValue(helperFails)
    ways.loadFuse.mockRejectedValue(new CryoscopeError('environment', 'npm install fuse-native'))
    await expect(bind(options)).rejects.toBe(helperFails)
    expect(ways.bindNative).not.toHaveBeenCalled()
  })

  it('tries no other way where a person has asked for what cannot be', async () => {
    const wrong = new CryoscopeError('usage', 'it is no directory')
    ways.bindDevice.mockRejectedValue(wrong)
    await expect(bind(options)).rejects.toBe(wrong)
    expect(ways.loadFuse).not.toHaveBeenCalled()
  })
})
