/** Something that holds what must be given back: a descriptor, a timer, a listener, a worker. */
export interface Disposable {
  dispose(): void;
}

/** Disposes in reverse order of adding; adding to a disposed store disposes at once, so nothing leaks in a race. */
export interface DisposableStore extends Disposable {
  add<T extends Disposable>(item: T): T;
}

export function createDisposableStore(): DisposableStore {
  const items: Disposable[] = [];
  let disposed = false;
  return {
    add(item) {
      if (disposed) item.dispose();
      else items.push(item);
      return item;
    },
    dispose() {
      disposed = true;
      for (let item = items.pop(); item !== undefined; item = items.pop()) item.dispose();
    },
  };
}
