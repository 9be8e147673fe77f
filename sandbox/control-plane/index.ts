export { cpuNodes, dgxNodes, type NodeShape } from "./nodes";
export { ENDS_SLOWLY_ANNOTATION, STARTABLE_ANNOTATION } from "./stages";
export type { PodPort } from "./kubelet";
export { startControlPlane, type ControlPlane } from "./start";
