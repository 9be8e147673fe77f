export { cpuNodes, dgxNodes, type NodeShape } from "./nodes";
export { ENDS_SLOWLY_ANNOTATION, STARTABLE_ANNOTATION } from "./stages";
export type { PodPort } from "./kubelet";
export type { DialIn } from "./service-proxy";
export { startControlPlane, type ControlPlane, type ControlPlaneOptions, type ControlPlaneTools } from "./start";
