import { planBoot } from '../machine/boot.js'
import { writeImage } from '../machine/image.js'
import { readyLine } from '../machine/init-script.js'
import type { BootOptions } from '../machine/options.js'
import { withDefaults } from '../machine/qemu.js'
import { Registry } from '../machine/registry.js'
import { preemptSpacing } from './engine/preempt.js'
import { engineVersion, hashOfFile, openRun, usualSpacing } from './open-run.js'
import type { RunRecord } from './record.js'

/** Starts a deterministic guest, or takes up its run where it is known from before; it is held when it is ready. */
export async function bootRecord(
  options: BootOptions,
  /** Where runs are kept; default below the cache. */
  runs?: string,
): Promise<RunRecord> {
  const { signal, onProgress, seed = 0 } = options
  const { qemu, kernel, image } = await planBoot(options, new Registry())
  const settings = withDefaults(options, kernel.architecture)
  return await openRun(
    {
      qemu,
      kernel: kernel.path,
      writeInitrd: async (path) => await writeImage(image, path, { signal }),
      describe: async (initrd) => ({
        settings,
        seed,
        spacing: options.preempt === true ? preemptSpacing : usualSpacing,
        ...(options.preempt === true ? { preempts: true } : {}),
        readyText: options.waitFor ?? readyLine,
        release: kernel.release ?? kernel.path,
        engine: engineVersion(qemu),
        kernelHash: await hashOfFile(kernel.path),
        initrdHash: await hashOfFile(initrd),
      }),
      name: options.name,
      runs,
      bootTimeoutMs: options.bootTimeoutMs,
      onProgress,
      signal,
    },
    settings.memoryBytes,
    settings.cpus,
  )
}
