import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  plugins: [vue()],
  worker: { format: "es" }, // the engines' workers import modules as they need them
  optimizeDeps: { exclude: ["onpage"] }, // `vite dev` would lose where its workers are
});
