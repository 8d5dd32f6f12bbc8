import { texts } from "../../shell/language";

export const words = texts({
  en: {
    chosen: "Chosen: {name}.",
    tooLarge: "is {size} large, at most {most} are taken",
  },
  de: {
    chosen: "Gewählt: {name}.",
    tooLarge: "ist {size} groß, höchstens {most} werden angenommen",
  },
});
