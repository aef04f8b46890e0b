// The scripts of the engine's pages: dist/pages/assets with hashed names, and a manifest from which the engine learns them.
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/assets/',
  build: {
    outDir: 'dist/pages',
    assetsDir: '',
    target: 'es2022',
    manifest: 'manifest.json',
    modulePreload: false,
    rollupOptions: { input: { verify: 'pages/verify/main.ts', custody: 'pages/custody/main.ts', log: 'pages/log/main.ts', reveal: 'pages/reveal/main.ts', portal: 'pages/portal/main.ts', 'sign-in': 'pages/sign-in/main.ts' } },
    // The view of models is large, and fetched by those who upload one.
    chunkSizeWarningLimit: 600,
  },
  worker: { format: 'es' },
});
