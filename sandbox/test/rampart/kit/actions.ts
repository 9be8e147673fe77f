/** What users do with a Rampart graph of namespace `default`. */
import type { GraphObject, JsonObject } from "../../../rampart/types.js";
import type { World } from "./world.js";

const ref = (name: string) => ({ namespace: "default", name });
type Spec = { deploy?: boolean; graph: { components: Record<string, JsonObject> } };
export const specOf = (graph: GraphObject) => graph.spec as unknown as Spec;

export const create =
    (graph: GraphObject) =>
    ({ cluster }: World) =>
        cluster.create(graph);
export const remove =
    (name: string) =>
    ({ cluster }: World) =>
        cluster.delete(ref(name));
/** Changes fields of component `svc`. */
export const change =
    (name: string, fields: JsonObject) =>
    ({ cluster }: World) =>
        cluster.update(ref(name), (graph) => {
            const { components } = specOf(graph).graph;
            components["svc"] = { ...components["svc"], ...fields };
        });
export const setDeploy =
    (name: string, deploy: boolean) =>
    ({ cluster }: World) =>
        cluster.update(ref(name), (graph) => (specOf(graph).deploy = deploy));
