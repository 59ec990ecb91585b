import { expect, it } from 'vitest'
import { mountedOn, parseMountInfo } from '../../../src/ui/fuse/mount-table.js'

it('reads the kernel’s table of mounts', () => {
  const text = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
90 22 0:45 / /tmp/a\\040b\\134c ro,nosuid,nodev - fuse.cryoscope @demo ro,user_id=0
`
  expect(parseMountInfo(text)).toEqual([
    { directory: '/', type: 'ext4', source: '/dev/sda1' },
    { directory: '/tmp/a b\\c', type: 'fuse.cryoscope', source: '@demo' },
  ])
  expect(parseMountInfo('nonsense\n\n - \n')).toEqual([])
})

it('finds what is mounted here', () => {
  expect(mountedOn('/proc')?.type).toBe('proc')
  expect(mountedOn('/no/such/place')).toBeUndefined()
})
