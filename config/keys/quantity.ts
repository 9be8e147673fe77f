import * as z from "zod";
import { quantity } from "../../components/kubernetes/quantity";
import { must } from "../problems";

const FORM = /^\d+(\.\d+)?([numkMGTPE]|[KMGTPE]i)?$/;

const isQuantity = (text: string) => FORM.test(text) && quantity(text) > 0;

/** An amount of memory above 0, in the notation of Kubernetes. */
export const memory = z
    .string()
    .refine((text) => isQuantity(text) && quantity(text) >= 1, must("be a quantity of memory, for example 16Gi"));

/** Cores above 0, in the notation of Kubernetes: a number, or thousandths. */
export const cores = z.coerce
    .string()
    .refine((text) => isQuantity(text), must("be a quantity of cores, for example 16 or 500m"));
