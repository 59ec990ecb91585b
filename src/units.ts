const steps = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** "512 MiB", "1.5 GiB", "28 bytes". */
export function sizeText(bytes: number): string {
  let value = bytes
  let step = 0
  while (value >= 1024 && step < steps.length - 1) {
    value /= 1024
    step++
  }
  return `${Number(value.toFixed(1))} ${steps[step]}`
}

/** "12 ms", "3.4 s", "5 min". */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`
  const minutes = seconds / 60
  if (minutes < 120) return `${Math.round(minutes)} min`
  const hours = minutes / 60
  return hours < 48 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} days`
}

/** "21.3 ms": three digits or so, as far as seconds. */
export function nanosecondsText(nanoseconds: bigint): string {
  let value = Number(nanoseconds)
  for (const unit of ['ns', 'us', 'ms']) {
    if (value < 1000) return `${Number(value.toPrecision(3))} ${unit}`
    value /= 1000
  }
  return `${Number(value.toFixed(1))} s`
}
