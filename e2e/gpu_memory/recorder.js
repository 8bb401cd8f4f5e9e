// Keeps count of every buffer and texture that a page has on its GPU. Runs before any script of the page.
(() => {
  /** Bytes of a texel. A format that is not here would be counted wrongly, so it is an error. */
  const TEXEL = {
    r8unorm: 1, r16float: 2, r32float: 4, r32sint: 4, r32uint: 4, rg32float: 8, rg32uint: 8,
    rgba8sint: 4, rgba8uint: 4, rgba8unorm: 4, rgba16float: 8, rgba16sint: 8, rgba16uint: 8,
    rgba32float: 16, rgba32sint: 16, rgba32uint: 16,
  };
  const live = new Map();

  /** @param {any} prototype @param {string} create @param {(made: any) => number} size */
  function watch(prototype, create, size) {
    const original = GPUDevice.prototype[create];
    GPUDevice.prototype[create] = function (descriptor) {
      const made = original.call(this, descriptor);
      live.set(made, size(made));
      return made;
    };
    const destroy = prototype.destroy;
    prototype.destroy = function () {
      live.delete(this);
      return destroy.call(this);
    };
  }

  watch(GPUBuffer.prototype, "createBuffer", (buffer) => buffer.size);
  watch(GPUTexture.prototype, "createTexture", (texture) => {
    if (!(texture.format in TEXEL)) throw new Error(`unknown size of ${texture.format}`);
    return texture.width * texture.height * texture.depthOrArrayLayers * TEXEL[texture.format];
  });
  globalThis.gpuMemory = () => ({
    total: [...live.values()].reduce((sum, size) => sum + size, 0),
    buffers: [...live].filter(([made]) => made instanceof GPUBuffer).map(([, size]) => size),
    largest: Math.max(...live.values()),
  });
})();
