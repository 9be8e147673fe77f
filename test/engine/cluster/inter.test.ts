import { highAvailability } from "./high-availability";

highAvailability("inter", "inter");
