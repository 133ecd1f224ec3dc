import * as path from 'path';
import { ApiObject, ApiObjectProps, App, Chart, JsonPatch } from 'cdk8s';
import { Construct } from 'constructs';

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
