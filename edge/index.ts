import { createRequire } from 'module';
import * as path from 'path';
import { ApiObject, ApiObjectProps, App, Chart, JsonPatch, Yaml } from 'cdk8s';
import { Construct } from 'constructs';

/**
 * Strings that some YAML reader takes for a number, a date or another type, although the YAML 1.1 schema of cdk8s' own
 * serializer does not: octal numbers of YAML 1.2 (0o17), numbers with underscores as Go reads them (0_o17), thousands
 * separators (1,000), signs and points alone, dates with or without a time, and the single-letter booleans. Addresses and versions, which have two
 * points or a letter that is in no number, stay as they are.
 */
const AMBIGUOUS = [
  /^[-+]?(?=\.?[0-9])[0-9_,:]*(\.[0-9_]*)?([eE][-+]?[0-9_]*)?$/,
  /^[-+]?0_*[xXoObB][0-9a-fA-F_.]*([pP][-+]?[0-9_]*)?$/,
  /^[-+._]+$/,
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?$/,
  /^(~|null|true|false|y|n|yes|no|on|off|=|<<|[-+]?\.(inf|nan))$/i,
];

/**
 * Characters that a reviewer cannot see, or that some reader takes for the end of a line; the same as in
 * lib/cdk8s_airflow/text/yaml_writer.py. They are written as escapes.
 */
const INVISIBLE =
  /[\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u034f\u061c\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ue000-\uf8ff\ufdd0-\ufdef\ufeff\ufff0-\uffff]|[\u{e0000}-\u{10ffff}]/u;

/**
 * Blocks of several lines that readers do not agree on: those that start with white space, have a line that ends with it, or
 * end with empty lines.
 */
const UNSAFE_BLOCK = /^[ \t\n][^]*\n|[ \t](\n|$)|\n\n$/;

function needsQuotes(text: string): boolean {
  if (text.includes('\n')) {
    // A tab inside a line of a block is safe, and scripts have them.
    return UNSAFE_BLOCK.test(text) || INVISIBLE.test(text.replace(/\t/g, ' '));
  }
  return INVISIBLE.test(text) || AMBIGUOUS.some((pattern) => pattern.test(text));
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/**
 * Makes cdk8s quote every string that YAML readers do not agree on, in whatever way an app is written.
 *
 * cdk8s has no option for it, so its static method is replaced by one that gives the same text but for these strings.
 */
function quoteStrings(): void {
  const { Document, visit } = createRequire(require.resolve('cdk8s'))('yaml');
  const hidden = new RegExp(INVISIBLE.source.replace('\\x09', '\\x08'), 'gu');
  // Without the tag of merge keys, "<<" is a string like any other.
  const customTags = (tags: { tag: string }[]) => tags.filter(({ tag }) => tag !== 'tag:yaml.org,2002:merge');
  const text = (tree: unknown) => {
    const document = new Document(tree, { keepUndefined: true, version: '1.1', customTags });
    visit(document, {
      Scalar: (_: unknown, node: { value: unknown; type?: string }) => {
        if (typeof node.value === 'string' && needsQuotes(node.value)) {
          node.type = 'QUOTE_DOUBLE';
        }
      },
    });
    // Characters that cannot be seen are only in strings with double quotes, which take escapes.
    return document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Infinity }).replace(hidden, escaped);
  };
  (Yaml as { stringify: (...docs: unknown[]) => string }).stringify = (...docs) =>
    docs.map((doc) => (doc === undefined ? '\n' : text(doc))).join('---\n');
}

quoteStrings();

/**
 * Creates many API objects, and writes files, with one call each from another language.
 */
export class Bulk {
  /**
   * Adds the objects to `scope`, all or none.
   *
   * @param scope the construct that becomes their parent; it must be inside a Chart
   * @param objects a JSON list of [construct id, manifest, whether its kind is cluster-scoped]
   * @returns the ids that the scope has already; when there are any, nothing was added
   */
  public static add(scope: Construct, objects: string): string[] {
    const wanted: [string, ApiObjectProps, boolean][] = JSON.parse(objects);
    const taken = wanted.map(([id]) => id).filter((id) => scope.node.tryFindChild(id));
    if (taken.length > 0) {
      return taken;
    }
    for (const [id, manifest, clusterScoped] of wanted) {
      const made = new ApiObject(scope, id, manifest);
      if (clusterScoped && Chart.of(scope).namespace !== undefined) {
        // A Chart gives its namespace to every object; a cluster-scoped one cannot have it.
        made.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
      }
    }
    return [];
  }

  /**
   * The output folder of an app, as an absolute path. A relative one starts at the working directory of this process.
   *
   * @param app the app
   */
  public static folder(app: App): string {
    return path.resolve(app.outdir);
  }

  /**
   * Every API object of an app, as it is written: with the labels and the namespace of its Chart, and with its JSON patches.
   *
   * @param app the app
   * @returns a JSON list of [construct path, manifest], in the order of the construct tree
   */
  public static objects(app: App): string {
    const objects = app.node.findAll().filter((each) => ApiObject.isApiObject(each)) as ApiObject[];
    return JSON.stringify(objects.map((object) => [object.node.path, object.toJson()]));
  }

  /**
   * Writes the files of an app into another folder than its own.
   *
   * @param app the app
   * @param folder an absolute path
   */
  public static write(app: App, folder: string): void {
    const settings = app as unknown as { outdir: string };
    const own = settings.outdir;
    settings.outdir = folder;
    try {
      app.synth();
    } finally {
      settings.outdir = own;
    }
  }

  private constructor() {}
}
