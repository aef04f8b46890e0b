// The verifier as one file that others embed: dist/library/touchmark-verifier.js, with its types beside it.
import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    outDir: 'dist/library',
    target: 'es2022',
    lib: { entry: 'verifier/index.ts', formats: ['es'], fileName: () => 'touchmark-verifier.js' },
  },
});
