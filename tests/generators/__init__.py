"""The one place of what tests are tried on. Nothing here judges: tests do, with the plain algorithms of `oracles`.

networks       random networks of every kind, their domains and inputs: the law of all property tests
choices        where that law's choices come from: hypothesis, which shrinks, or a seeded generator, which is fast
layered        networks of every kind of layer, and one for each
perceptrons    networks of given widths by a seed, and the two small ones that many tests share
survivors      networks of which a given share of the weights is removed by size
options        random wishes to the compiler
graphs         graphs of networks, layers, and random orders
planted        batches of slots whose best row is known
builds         build folders, and what verification says against one
readers        every reader of armlet, with valid files
damage         files with some bytes changed, lost, doubled or cut off
forgery        an honest build, changed and sealed again
forgeries      every such change that there is
"""
