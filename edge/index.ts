import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import {
  ApiObject,
  ApiObjectMetadataDefinition,
  ApiObjectProps,
  App,
  Chart,
  ImplicitTokenResolver,
  JsonPatch,
  LazyResolver,
  NumberStringUnionResolver,
  Yaml,
} from 'cdk8s';
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

/** Strings that are written as they are, as a key and as a value, unless they match WORDS. */
const PLAIN = /^[A-Za-z](?:[-\w./@+=,]|:(?=[\w/])| (?=\w))*$/;
const WORDS = /^(?:null|true|false|y|n|yes|no|on|off|e[-+]?[0-9]+)$/i;

/** Strings whose form depends on their place in the document: those with the marker of a document, or with half a character. */
const UNUSUAL = /^(?:%|---|\.\.\.)|\p{Surrogate}/mu;

/** A document has something that the short way does not know. */
class UnusualError extends Error {}

/**
 * Writes documents of YAML like the serializer of cdk8s, in an eighth of the time.
 *
 * The serializer builds a tree of nodes for each document. A manifest is only mappings, lists, strings and numbers, so its
 * lines can be written at once. Each string that may need quotes is passed to the serializer alone, once. A document with
 * anything else is passed to it as a whole.
 */
class Writer {
  private readonly values = new Map<string, string>();
  private readonly keys = new Map<string, string>();

  /**
   * @param slow writes a document with the serializer
   */
  constructor(private readonly slow: (tree: unknown) => string) {}

  /** The text of one document. */
  public text(tree: unknown): string {
    try {
      return isFilled(tree) ? `${this.block(tree, '', new Set([tree]))}\n` : this.slow(tree);
    } catch (error) {
      if (error instanceof UnusualError) {
        return this.slow(tree);
      }
      throw error;
    }
  }

  private block(tree: object, indent: string, seen: Set<object>): string {
    const deeper = `${indent}  `;
    const lines: string[] = [];
    if (Array.isArray(tree)) {
      for (const item of tree) {
        lines.push(`- ${isFilled(item) ? this.block(once(item, seen), deeper, seen) : this.scalar(item, deeper, seen)}`);
      }
    } else {
      for (const [key, item] of Object.entries(tree)) {
        lines.push(
          isFilled(item)
            ? `${this.key(key)}:\n${deeper}${this.block(once(item, seen), deeper, seen)}`
            : `${this.key(key)}: ${this.scalar(item, deeper, seen)}`,
        );
      }
    }
    return lines.join(`\n${indent}`);
  }

  private key(key: string): string {
    if (key.length > 256 || key.includes('\n')) {
      throw new UnusualError();
    }
    return isPlain(key) ? key : this.known(this.keys, key, () => this.slow({ [key]: 1 }).slice(0, -': 1\n'.length));
  }

  private scalar(value: unknown, indent: string, seen: Set<object>): string {
    if (typeof value === 'string') {
      if (value.includes('\n')) {
        return literal(value, indent);
      }
      return isPlain(value) ? value : this.known(this.values, value, () => this.slow({ k: value }).slice('k: '.length, -1));
    }
    if (typeof value === 'boolean' || (Number.isSafeInteger(value) && !Object.is(value, -0))) {
      return String(value);
    }
    if (typeof value === 'object' && value !== null) {
      return Array.isArray(once(value, seen)) ? '[]' : '{}';
    }
    throw new UnusualError();
  }

  private known(texts: Map<string, string>, string: string, write: () => string): string {
    let text = texts.get(string);
    if (text === undefined) {
      if (UNUSUAL.test(string)) {
        throw new UnusualError();
      }
      text = write();
      texts.set(string, text);
    }
    return text;
  }
}

/** Whether a value is a mapping or a list with at least one item; other objects are unusual. */
function isFilled(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  if (Array.isArray(value)) {
    return value.length > 0;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    throw new UnusualError();
  }
  return Object.keys(value).length > 0;
}

/** Remembers a part of a document. The serializer writes an alias for a part that occurs again. */
function once(part: object, seen: Set<object>): object {
  if (seen.has(part)) {
    throw new UnusualError();
  }
  seen.add(part);
  return part;
}

function isPlain(text: string): boolean {
  return PLAIN.test(text) && !WORDS.test(text);
}

/** A text of several lines as a block, if nothing in it needs quotes. */
function literal(text: string, indent: string): string {
  if (/^\s/.test(text) || needsQuotes(text) || UNUSUAL.test(text)) {
    throw new UnusualError();
  }
  const ends = text.endsWith('\n');
  const lines = (ends ? text.slice(0, -1) : text).replace(/\n+/g, `$&${indent}`);
  return `${ends ? '|' : '|-'}\n${indent}${lines}`;
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
  const slow = (tree: unknown) => {
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
  const writer = new Writer(slow);
  (Yaml as { stringify: (...docs: unknown[]) => string }).stringify = (...docs) =>
    docs.map((doc) => (doc === undefined ? '\n' : writer.text(doc))).join('---\n');
}

quoteStrings();

/** What an API object has, as far as its manifest depends on it. */
interface Parts {
  readonly props: Record<string, unknown>;
  readonly metadata: Record<string, unknown> & { _additionalAttributes: Record<string, unknown> };
  readonly patches: JsonPatch[];
}

/**
 * The checksum of the functions of cdk8s that `Converter` stands for: `ApiObject.toJson()`, that of the metadata, `resolve()`
 * and `sanitizeValue()`.
 */
const KNOWN_CONVERSION = 'ecfbc4ef';

/**
 * Gives the manifest of an API object as `ApiObject.toJson()` of cdk8s does, in a third of the time.
 *
 * cdk8s offers each value to three resolvers, finds the app again for each of them, and copies each object three times. An
 * object without tokens is copied once instead. Anything else than plain data is left to cdk8s, and so is every object if the
 * app has resolvers of its own, or if cdk8s has other code for the conversion than the known one.
 */
class Converter {
  /** Whether plain objects are converted without the functions of cdk8s. */
  public readonly isQuick: boolean;

  /**
   * @param app the app whose objects are converted
   * @param slow `ApiObject.prototype.toJson`
   */
  constructor(
    app: App,
    private readonly slow: () => any,
  ) {
    const builtIn: unknown[] = [LazyResolver, ImplicitTokenResolver, NumberStringUnionResolver];
    const { resolvers } = app as unknown as { resolvers: object[] };
    this.isQuick =
      !process.env.CDK8S_DISABLE_SORT &&
      resolvers.every((resolver) => builtIn.includes(resolver.constructor)) &&
      conversion(slow) === KNOWN_CONVERSION;
  }

  /** The manifest of an object whose class does not replace the method. */
  public manifest(made: ApiObject): any {
    if (this.isQuick) {
      try {
        return quickManifest(made as unknown as Parts);
      } catch (error) {
        if (!(error instanceof UnusualError)) {
          throw error;
        }
      }
    }
    return this.slow.call(made);
  }
}

function quickManifest({ props, metadata, patches }: Parts): any {
  const { _additionalAttributes, name, namespace, annotations, finalizers, ownerReferences, labels } = metadata;
  const all = { ..._additionalAttributes, name, namespace, annotations, finalizers, ownerReferences, labels };
  const copied = plainCopy({ ...props, metadata: plainCopy(all, true) }, false);
  const patched = patches.length > 0 ? JsonPatch.apply(copied, ...patches) : copied;
  const manifest: Record<string, unknown> = {};
  for (const key of ['apiVersion', 'kind', 'metadata', ...Object.keys(patched)]) {
    if (key in patched) {
      manifest[key] = patched[key];
    }
  }
  return manifest;
}

/** A copy of plain data with sorted keys, without missing values; with `empty`, also without empty lists and objects. */
function plainCopy(value: any, empty: boolean): any {
  if (value === null || value === undefined) {
    return undefined;
  }
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') {
    return value;
  }
  if (Array.isArray(value)) {
    return empty && value.length === 0 ? undefined : value.map((item) => plainCopy(item, empty));
  }
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype || value.constructor !== Object) {
    throw new UnusualError();
  }
  const copy: Record<string, unknown> = {};
  let count = 0;
  for (const key of Object.keys(value).sort()) {
    const item = plainCopy(value[key], empty);
    if (item !== undefined) {
      copy[key] = item;
      count++;
    }
  }
  return empty && count === 0 ? undefined : copy;
}

/** The checksum of the code that converts objects: FNV-1a, with 32 bits. */
function conversion(slow: () => any): string {
  const load = createRequire(require.resolve('cdk8s'));
  const metadata = ApiObjectMetadataDefinition.prototype as unknown as { toJson: () => any };
  const functions = [slow, metadata.toJson, load('./resolve').resolve, load('./_util').sanitizeValue];
  let sum = 0x811c9dc5;
  for (const text of functions.map(String)) {
    for (let at = 0; at < text.length; at++) {
      sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
    }
  }
  return (sum >>> 0).toString(16);
}

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
   * Whether plain objects of an app are converted without the functions of cdk8s, which is faster.
   *
   * @param app the app
   */
  public static isQuick(app: App): boolean {
    return new Converter(app, ApiObject.prototype.toJson).isQuick;
  }

  /**
   * Writes every API object of an app into a file, as it is in the manifests: with the labels and the namespace of its
   * Chart, and with its JSON patches. The file is a JSON list of [construct path, manifest], in the order of the construct
   * tree. A file of this size is read in less time than a result that passes through the pipes of jsii.
   *
   * @param app the app
   * @param listing the absolute path of the file
   */
  public static listObjects(app: App, listing: string): void {
    Bulk.save(app, listing, new Map(), new Converter(app, ApiObject.prototype.toJson));
  }

  /**
   * Writes the files of an app into another folder than its own, and a list of its objects as `listObjects()` does.
   *
   * @param app the app
   * @param folder an absolute path
   * @param listing the absolute path of the file for the list
   */
  public static write(app: App, folder: string, listing: string): void {
    const settings = app as unknown as { outdir: string };
    const own = settings.outdir;
    const toJson = ApiObject.prototype.toJson;
    const converter = new Converter(app, toJson);
    // The conversion of an object takes long, so what is written is kept for the list.
    const written = new Map<ApiObject, unknown>();
    settings.outdir = folder;
    ApiObject.prototype.toJson = function () {
      const manifest = converter.manifest(this);
      written.set(this, manifest);
      return manifest;
    };
    try {
      app.synth();
    } finally {
      settings.outdir = own;
      ApiObject.prototype.toJson = toJson;
    }
    Bulk.save(app, listing, written, converter);
  }

  private static save(app: App, listing: string, written: Map<ApiObject, unknown>, converter: Converter): void {
    const objects = app.node.findAll().filter((each) => ApiObject.isApiObject(each)) as ApiObject[];
    // A subclass can replace the method. What its base class gave is not what was written then.
    const manifest = (each: ApiObject) =>
      each.toJson === ApiObject.prototype.toJson ? written.get(each) || converter.manifest(each) : each.toJson();
    fs.writeFileSync(listing, JSON.stringify(objects.map((each) => [each.node.path, manifest(each)])));
  }

  private constructor() {}
}

/**
 * A construct that is created together with its API objects, with one call from another language.
 */
export class BulkConstruct extends Construct {
  /**
   * Creates the construct and its objects, or nothing.
   *
   * @param scope the parent
   * @param id the construct id
   * @param objects as for `Bulk.add()`
   */
  public constructor(scope: Construct, id: string, objects: string) {
    super(scope, id);
    try {
      Bulk.add(this, objects);
    } catch (error) {
      scope.node.tryRemoveChild(this.node.id);
      throw error;
    }
  }
}
