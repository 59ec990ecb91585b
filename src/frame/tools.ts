/** The libraries behind frames, which make a file of their own in the bundle: it is loaded when the first verb is used. */

export {
  bool,
  columnFromArray,
  float64,
  int64,
  tableFromColumns,
  tableToIPC,
  uint64,
  utf8,
} from '@uwdata/flechette'
export { desc, escape, op, table } from 'arquero'
export { parquetWriteBuffer } from 'hyparquet-writer'
