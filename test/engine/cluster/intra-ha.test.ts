import { highAvailability } from "./high-availability";

highAvailability("intra-a", "intra-ha");
