import { ApiObject, ApiObjectProps, Chart, JsonPatch } from 'cdk8s';
import { Construct } from 'constructs';

/**
 * Makes many API objects in one call from another language.
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

  private constructor() {}
}
