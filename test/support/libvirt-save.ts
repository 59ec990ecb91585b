/** A save image as libvirt writes it (src/qemu/qemu_saveimage.h): header, the domain's XML, a stream of QEMU. */
export function libvirtSave(
  stream: Uint8Array,
  { magic = 'LibvirtQemudSave', version = 2, packed = 0, isLittle = true } = {},
): Buffer {
  const xml = Buffer.from('<domain type="kvm"><name>guest</name></domain>\0')
  const head = Buffer.alloc(92)
  head.write(magic, 'latin1')
  for (const [i, word] of [version, xml.length, 1, packed].entries()) {
    if (isLittle) head.writeUInt32LE(word, 16 + i * 4)
    else head.writeUInt32BE(word, 16 + i * 4)
  }
  return Buffer.concat([head, xml, stream])
}
