/** What a map of maps holds under a key, made where there is nothing yet. */
export function below<K, L, T>(maps: Map<K, Map<L, T>>, key: K): Map<L, T> {
  let found = maps.get(key)
  if (found === undefined) {
    found = new Map()
    maps.set(key, found)
  }
  return found
}
