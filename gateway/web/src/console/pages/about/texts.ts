import { texts } from "../../../shell/language";

export const words = texts({
  en: {
    title: "About",
    product: "Jackfield, the open protocol gateway of a contact centre",
    version: "Version",
    started: "Running since",
    node: "Node",
    licence: "Licence",
    own: "Jackfield itself: Apache-2.0",
    guide: "Guides and runbooks are installed under /usr/share/doc/jackfield.",
    api: "Description of the REST interface (OpenAPI)",
    parts: "Parts by others",
    partsText: "Libraries in this program, each under its own licence.",
    name: "Name",
    compiler: "Compiler",
  },
  de: {
    title: "Über Jackfield",
    product: "Jackfield, das offene Protokoll-Gateway eines Contact Centers",
    version: "Version",
    started: "Läuft seit",
    node: "Knoten",
    licence: "Lizenz",
    own: "Jackfield selbst: Apache-2.0",
    guide: "Handbücher und Runbooks liegen unter /usr/share/doc/jackfield.",
    api: "Beschreibung der REST-Schnittstelle (OpenAPI)",
    parts: "Teile von anderen",
    partsText: "Bibliotheken in diesem Programm, jede unter ihrer eigenen Lizenz.",
    name: "Name",
    compiler: "Compiler",
  },
});
