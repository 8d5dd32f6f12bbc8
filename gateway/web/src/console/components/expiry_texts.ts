import { texts } from "../../shell/language";

export const words = texts({
  en: {
    left: "{time} left",
    over: "Expired",
  },
  de: {
    left: "noch {time}",
    over: "Abgelaufen",
  },
});
