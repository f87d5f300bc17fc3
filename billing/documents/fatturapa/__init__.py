"""FatturaPA 1.2.2/1.2.3, PURE: the format as dataclasses (`header`, `body`), written (`write`), read (`read`) and checked (`checks`).

Names of the format are Italian and stand beside each field; the fields are in the order of the schema, which is the order in the
file. `texts` fits words into its alphabets, `numbers` amounts into its decimals, `names` counts the files, `notices` understands
what the Sistema di Interscambio answers.
"""
