// @ts-check
/**
 * The page's side of the service worker (static/offline/service_worker.js): it is registered when the page is ready, so that it takes
 * nothing from the first load, and told which of the engines' files to keep.
 *
 * A host that cannot send the headers of isolation gets them from the worker: there it is registered before anything else, and the page
 * loads once more.
 *
 * @typedef {'off' | 'preparing' | 'kept' | 'not-kept' | 'newer'} Offline whether the page opens without its server; `newer`: it does, and
 *   a new version waits until no tab has the old one
 */

/** Of this tab: that it was loaded again for isolation. A host that breaks it must not make it load for ever. */
const TRIED = "onpage:isolation";

export class PageKeeper {
  #address;
  #container;
  #onChange;
  /** @type {Offline} */
  state = "off";
  /** @type {Promise<ServiceWorkerRegistration> | null} */
  #registering = null;
  /** What it was told last. @type {string | null} */
  #told = null;

  /**
   * @param {string} address of the worker, "" where the page is not to be kept
   * @param {() => void} onChange
   * @param {ServiceWorkerContainer | undefined} [container] undefined at an address that is not secure
   */
  constructor(address, onChange, container = navigator.serviceWorker) {
    this.#address = address;
    this.#onChange = onChange;
    this.#container = container;
  }

  /** Before the page begins; true where it is about to be loaded again. @returns {Promise<boolean>} */
  async begin() {
    try {
      const registration = await this.#container?.getRegistration();
      if (!this.#address) await registration?.unregister();
      else if (registration?.waiting) this.state = "newer";
      else if (this.#container && !globalThis.crossOriginIsolated && !sessionStorage.getItem(TRIED)) return await this.#isolate();
    } catch (error) {
      console.debug(error); // the page works without
    }
    return false;
  }

  /**
   * The engine runs, or nothing will: now the worker may work.
   * @param {string[]} library addresses of the engines' files that were used
   */
  async keep(library) {
    const told = library.join();
    if (!this.#address || !this.#container || told === this.#told) return;
    this.#told = told;
    if (this.state === "off") this.#set("preparing");
    try {
      const { active } = await this.#register();
      const kept = active && (await ask(active, { type: "keep", files: library }));
      if (this.state !== "newer") this.#set(kept ? "kept" : "not-kept");
    } catch (error) {
      console.debug(error);
      this.#registering = null;
      this.#set("off");
    }
  }

  /** @param {Offline} state */
  #set(state) {
    this.state = state;
    this.#onChange();
  }

  /** @returns {Promise<ServiceWorkerRegistration>} with an active worker */
  async #register() {
    this.#registering ??= (async () => {
      const container = /** @type {ServiceWorkerContainer} */ (this.#container);
      const registration = await container.register(this.#address, { updateViaCache: "none" });
      const watch = (/** @type {ServiceWorker | null} */ worker) => {
        const look = () => worker?.state === "installed" && registration.active && this.#set("newer");
        worker?.addEventListener("statechange", look);
        look();
      };
      registration.addEventListener("updatefound", () => watch(registration.installing));
      for (const found of [registration.installing, registration.waiting]) watch(found); // before anybody listened
      await activated(registration);
      return registration;
    })();
    return this.#registering;
  }

  async #isolate() {
    sessionStorage.setItem(TRIED, "1");
    await this.#register();
    location.reload();
    return true;
  }
}

/** @param {ServiceWorkerRegistration} registration rejects where its first worker cannot be installed */
function activated(registration) {
  const { installing, waiting, active } = registration;
  const first = active ? null : (waiting ?? installing);
  if (!first) return Promise.resolve();
  return new Promise((/** @type {(value?: unknown) => void} */ resolve, reject) => {
    first.addEventListener("statechange", () => {
      if (first.state === "activated") resolve();
      if (first.state === "redundant") reject(new Error("the service worker could not be installed"));
    });
  });
}

/**
 * @param {ServiceWorker} worker
 * @param {object} message
 * @returns {Promise<unknown>} its answer
 */
function ask(worker, message) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage(message, [port2]);
  });
}
