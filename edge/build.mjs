// Compiles index.ts to a jsii archive: node edge/build.mjs FILE.tgz
import { copyFileSync, cpSync, mkdtempSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const target = process.argv[2];
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const { srcmak } = require('jsii-srcmak');
const packageOf = (name) => join(here, '..', 'node_modules', name);

const work = mkdtempSync(join(tmpdir(), 'cdk8s-airflow-edge-'));
try {
  // jsii compiles every TypeScript file of a folder, so the source goes alone into its own.
  cpSync(join(here, 'index.ts'), join(work, 'source', 'index.ts'));
  await srcmak(join(work, 'source'), {
    moduleKey: 'cdk8s-airflow-bulk',
    deps: [packageOf('cdk8s'), packageOf('constructs'), packageOf('@types/node')],
    python: { outdir: join(work, 'python'), moduleName: 'bulk' },
  });
  const built = join(work, 'python', 'bulk', '_jsii');
  const [archive] = readdirSync(built).filter((name) => name.endsWith('.tgz'));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(built, archive), target);
} finally {
  rmSync(work, { recursive: true, force: true });
}
