"""The words a statement may be made of besides those of its receipts: what is not here, nobody has thought through.

Neutral words only: one that by itself makes a claim (guarantee, stock, certified) stays out.
"""

from chat.domain.speech.inflection import english, spanish

_ENGLISH_VERBS = """
ask answer check look help show find search browse pull point mention note walk talk speak chat reply respond message text call ring phone reach
contact connect confirm clarify explain describe compare consider decide choose pick select prefer want need like love wish hope plan think wonder
guess assume mean understand misread mishear misunderstand misspeak appreciate apologize bother trouble worry hurry rush wait stay stop start begin
continue finish end open close visit drop bring park drive arrive travel head come go move switch change adjust update rework book schedule
reschedule reserve hold keep cancel add remove leave skip drop include exclude cover list quote price cost total match lower budget
spend order request require send share read write type tap click press use try test review recap summarize repeat double verify figure sort handle
manage assist serve support offer suggest recommend advise provide give get take put set make let see hear feel sound seem appear turn happen work fit
suit lean wrap tint peel fade darken install apply cure dry roll clean wash own trade sell buy remember forget remind notice
learn know tell say agree discuss matter depend vary differ range belong apply laugh joke smile relax enjoy thank welcome greet
""".split()
_ENGLISH_WORDS = """
sent totally somewhere anywhere nowhere everywhere located location access accessible available picture pictures video videos camera bubbles bubble scratch scratches crack cracks peeling fading chrome delete
ready near far next nearest under above below top bottom front rear middle half quarter whole entire full empty open closed new old recent ancient young early late quick slow fast
easy hard simple difficult clear dark bright shiny plain big small large little long short tall wide narrow deep high low heavy warm hot cool cold dry wet soft strong weak rich poor
happy sad angry upset sorry glad tired busy free bored excited afraid careful careless polite rude kind mean honest smart clever funny serious strange normal common rare regular usual
odd even equal similar different opposite right wrong true false real fake possible impossible likely unlikely certain uncertain sure necessary useful useless important minor major main extra
spare single double several few many much more most less least enough plenty lot lots bit piece part side end edge corner middle center line row column list table chart graph
page book letter word sentence paragraph story news article paper pen pencil computer screen keyboard button key lock door window wall floor ceiling roof room house building office store
market street road highway bridge town city village state country world earth sun moon star sky cloud rain snow wind storm weather season spring summer fall autumn winter year
month week day night morning noon afternoon evening midnight hour minute second moment today tomorrow yesterday now later soon always never often sometimes once twice again already
person people man woman child baby boy girl friend neighbor guest customer client worker boss manager owner driver doctor teacher student officer family parent mother father son daughter
body head hand eye ear foot heart mind voice name age birthday holiday vacation party event meeting class lesson game match team player score win lose race
food water coffee tea milk bread meat fruit dinner lunch breakfast snack cup plate knife spoon
animal dog cat bird fish horse tree flower grass garden park beach mountain river lake sea ocean island
color red orange yellow green blue purple brown black white gray silver gold tone level percent degree shape size weight length width height depth
reason cause result effect purpose goal plan idea thought opinion belief fact truth lie secret mystery problem trouble issue matter question answer solution choice option decision
way method step process system order rule law right duty job task work project business company shop service product item thing stuff object tool machine engine wheel tire seat belt
chance luck risk danger safety care help support advice hint tip warning sign signal message call text email note reminder alert update report
absence additional advice ages agent aim amount anyways appropriate argue arrival attention aware awhile backseat basics basis beginning bill brand briefly
building business busy capable center chance channel circumstance city coming comparison computer concerned condition consumer context couple's
cover coverage crazy curious current customer's darkness data deal default degree departure desk detailed direction directly door doors double
downtown driver's drop-off easygoing effect effort email emergency employee employees english error event exception exchange expected experience expert
expertise eyes fact factor family fan fault feedback fender field fifty folks food football foggy form forth fraction front further
fyi gap general generally girl glance gladly glare goal guy guys habit hatchback heard heat hint history home homework honest honestly hood
household human idea ideal ideas immediate individual influence initial input inquiry inside interior intention internet introduction issue issues item items
joking keys kids kid knowledge lady language laptop latter law legal leather lane later leg level liner location lunch mail manner map mark maximum
meantime member members memory mention mentioned menu middle mileage mind minimum mirror misread mix mixed mode moment mood multiple music national natural
necessarily necessary negative neither net news night nights nope nor note notes numbers objective obvious obviously odd offhand office official ones online
operator opinion opportunity opposite outcome overnight overlap owner's panel panels paper paperwork park parking partner party passenger past path pay payment payments pending
people's percent percentage perspective pet pets phrase piece pieces place policy politics popularity position positive possibility possibly post potential potentially
preferences present previous previously prior priority private process product professional proof properly provided purposes question's quick quote's rain
range rate rates reading reality reasonable receipt recent recently recipe record records reference region regards registration relation
reliable remainder rental repeat research respect responsible restriction result results ride rides road roof routine rule rules rush sale sample
sandwich scenario schedule school science screen seat seats secret sec secs section sedan sedans selection sentence series serious shade shades shape sheet
sign silly single site sites situation size skill sky soccer social solution someone's song space spanish specialist specialists specific specifics
specified spelling sport sports stage standard state statement status step stops store story straight strange string stuff style subject
successful sunny sunset surprise suv suvs tail talk task teammate tech technical technician technicians telephone temperature tempting
term terms text texting theme thread thursday's tough trade traffic training transit travel trouble truck trucks twist typo
undecided understandably unable unclear unit unknown unsure unusual update urgent user van vans variety various vary verdict vice
view wagon wait walk warning weather web website wedding weeknight whatever whichever whoever willing word worded workday workplace workshop
world worse writing wrongly y'all yesterday young zone aside certain certainty clearer clue cross-check darker lighter dark light film's
tint's windows' glass's shop's car's civic's double-check leaning hoping wondering cheaper pricier budget-friendly both's between's alternative
alternatives neighborhood route corner nearby spouse boss coworker roommate cousin uncle aunt parents mother father shot shoot quickly gently happily
hopefully ideally personally frankly truly surely likewise besides meanwhile onward onwards beforehand afterward sooner
outlined noted written listed shown displayed here's anybody's else's another's poem poems homework movie weekend's wherever throughout whereas
putting wanting getting seeing bringing taking giving going leaving altogether staff crew spanish sleep down
""".split()
_SPANISH_VERBS = """
ayudar buscar revisar checar mirar mostrar ensenar encontrar comparar consultar preguntar contestar responder explicar aclarar confirmar verificar
corroborar anotar apartar reservar agendar programar mover cambiar cancelar reagendar acomodar ajustar cotizar calcular cobrar pagar costar
llevar traer dejar recoger pasar llegar venir esperar quedar tardar tomar durar empezar comenzar iniciar terminar acabar abrir cerrar polarizar
instalar poner colocar quitar retirar remover aplicar cubrir proteger bajar subir lavar limpiar manejar guardar mandar enviar
compartir escribir leer hablar platicar charlar comentar contar decir avisar llamar marcar comunicar contactar conectar transferir atender
servir funcionar convenir gustar interesar encantar preferir querer desear necesitar ocupar pensar creer saber conocer entender comprender recordar
olvidar repetir elegir escoger decidir seleccionar tratar intentar poder deber permitir ofrecer dar recibir sugerir recomendar orientar apoyar
agradecer disculpar perdonar lamentar sentir preocupar molestar aparecer salir figurar ver oir sonar parecer existir haber tener incluir
agregar anadir sumar separar cuidar regresar volver seguir continuar andar viajar vivir trabajar estacionar igualar mejorar rebajar prometer
asegurar garantizar guiar indicar senalar detallar resumir referir corresponder depender variar usar utilizar tocar leer saludar
""".split()
_SPANISH_WORDS = """
aca acomode afuera ahorita alla alrededor amiga amigas amigo amigos ambos ambas anterior anteriores antier apartado aparte asi atento atenta aunque autos barrio bici
bienvenidos bonita bonito bueno cajuela camino camioneta camionetas cantidad capo carrera cargo centro cercana cercano chance chido cierto cinta ciudad claridad coche
cofre color colores comida compadre companero companera companeros compania complicado comun conversacion copia coste cristal cristales cual
cualquiera cuanto cuenta cuesta dato datos decision delante delanteros delantero demasiado dependiendo depende derecho desafortunado desventaja detras dificil dinero
direccion disposicion dueno duda efectivo ejemplo empleado empresa enojo entrada entrega equivocacion equivoque error esposa esposo estacionamiento estilo estimado
exacta exactos exactas experto explicacion extra familia fijo fija fijos fecha feriado finalmente formulario foto fotos franja frente fuera fuese fuera futbol futuro general gente
gerente gracioso grado gran grandes hermana hermano hijo hija historia hoja honestamente horita idea ideas idioma igualmente imposible
incomodo informe ingles inicio instalacion interes jefe jaja jajaja justo juego junto juntos laboral lado legal ley leyes liga lejos lento limite
linda lindo linea lio listos llanta llave llaves loco luces luz madre mal mala malo manera marca marcas mama material maximo
mediodia medida mente mera mero metodo mexicano mexico minimo mitad mismas mismos mil misma moto musica necesario necesaria negro ni nivel noticia noticias novia novio
nuestros nuestras objetivo oficina oficial ojo ojos onda orden oscuro oscura oscuros oscuridad padre pagina palabra palabras papa papel par parabrisas parecido pareja parientes
parqueo parrafo participar pasajero peliculas pendiente perfectamente permiso pero persona pick pide pierde plan platica plazo podrias podria polarizado polarizados politica portal
posibilidad practico precisa preciso previo prioridad prisa privado privada privados proceso producto productos promedio pronto propuesta proteccion proximas proximos prueba
puerta puertas punto quincena quiza raro rapido rapida rato ratito receta recibo referencia referente regla reglas relacion relajado requisito respecto responsable resto reunion revision
ropa ruta sala salida salvo seguridad seguro segura sencilla sensacion senor senora senorita sentido servirle servirte siempre siquiera sol solicitud solo sombra suena suerte suficiente
sugerencia super sube tablero tamano tarea tecnico tecnicos tema temas temperatura temporal tenga tengas ti tienda tinta tio toca todoterreno tono tonos tranquilo tranquila trasera traseras
troca trocas tramite ubicacion ubicado ubicados ultimas ultimos unicamente unica uso util valor varia varios vecino veces velocidad ventanilla ventanillas verano verdad version vez via viaje
vidrio vieja viejas viejo viejos vista zona contigo ustedes acuerdo gustaria gustas guste gustes quieras quiera puedas pueda podamos tengas sepa sepas vengas venga traigas traiga
puedes quieres prefieres prefieras prefiera necesitas buscas piensas pensabas pensaba sigues tienes haces dices dime digas eres estas vienes vas traes dejas quedas sabes ves
fuiste dijiste pediste preguntaste mencionaste querias hiciste escribiste pidio di dio dimos pude pudo puse vi vimos sabria sabrias fui fue hice ando andas andamos tarden tarde aparece aparecen
muestro muestra muestre muestras encuentro encuentra encuentre cuesta cuestan cueste quede quedes quiero consigo consiga recuerda recuerde sugiero sugiere recomiendo sirve sirven sirva repites repite
pienso piensa pruebo prueba suene siento vuelvo vuelve vuelva duele digo dicen oigo pongo ponga trae traen traiga seria serias saldria tendrias tendria habria haria haria diria dirias vendria
pregunteme pregunteles preguntale preguntales llamanos llamenos llamame escribenos escribeme avisanos avisame avisenos cuentame platicame mandame enviame regalame
falta faltan faltaria confirmacion quedaste quedaron forma formas manera maneras parte partes tipo tipos doy das da dan voy va van soy acceso accesos estoy estas seguro segura vence vencen imagen imagenes imposible video videos camara burbujas burbuja rayon rayones cromo
hago haces hacen pongo salgo tengo vengo traigo oigo conozco ofrezco agradezco parezco aparezco reconozco agradezca ofrezca conozca traduzco conduzco sigo consigo pido pides pide piden
elijo elige eligen mido sirvo vuelvo vuelves duermo muero prefiero quiero puedo juego entiendo pierdo cierro empiezo comienzo pienso enciendo
bajo alto corto ancho angosto grueso delgado ligero pesado duro suave seco mojado frio caliente tibio limpio sucio lleno vacio rico pobre joven viejo feliz triste enojado cansado ocupado
contento serio raro comun normal igual distinto parecido cierto falso posible probable necesario util principal doble simple facil
agua comida cafe casa calle carretera avenida esquina ciudad pueblo pais mundo sol luna lluvia clima verano invierno primavera otono ano mes semana dia noche hora minuto segundo
hombre mujer nino nina bebe familia vecino cliente trabajador jefe maestro medico estudiante equipo persona gente mano cabeza ojo corazon mente voz nombre edad cumpleanos fiesta evento junta clase
letra palabra frase historia noticia papel lapiz computadora pantalla tecla boton puerta pared piso techo cuarto edificio tienda mercado
rojo naranja amarillo verde azul morado cafe negro blanco gris plata dorado motivo causa resultado efecto meta opinion hecho mentira secreto misterio problema asunto pregunta respuesta
solucion eleccion decision manera metodo paso proceso sistema orden regla deber trabajo proyecto negocio producto articulo herramienta maquina motor suerte riesgo peligro apoyo consejo pista aviso senal
recordatorio reporte veo ve ven vea cuento cuentas cuenta elijas elija elijes escojas escoja mueva muevas mueve muevo cierre cierra abre empiece empieza comience comienza
""".split()

_MORE_ENGLISH = """
goodbye passed exist such explaining far sharing bearing figuring wondering considering quickest easiest heads weird awesome fantastic terrific delighted super gotcha yourself kindly errand schedule driveway rides daughter son wife husband brother sister mom dad connect connecting frustrating frustrated annoying annoyed money budget rebook pricier pricey expensive steep laterals hassle paid steps summary recap overview details daily
a able afraid valid letting finding about above absolutely accurate across actually add added adding address after afternoon afternoons afterwards again ago agree ahead ai alike all allow almost alone along already alright also although always
am among an and another answer answered answers any anybody anyone anything anytime apart apologies apologize appointment appointments appreciate are area aren't around as aside ask asked asking asks assist assistance
assistant at available availability away back base based basic be because become been before begin begins behind being believe below beside besides best better between beyond big bit bits blank book booked booking
bookings both bother bring bringing broad but button buttons by bye calendar call called calls came can can't cancel cancellation cancelled canceled cancelling cannot car care careful carefully case cases catalog change
changed changes changing charge charges chat check checked checking choice choices choose chosen clarify class clean clear clearly close closed closer closes closest closing cold colleague color come comes comfortable coming
compare compared complaint complete completely concern concerns confirm confirmed confirming confused confusing confusion congrats consider considering contact convenient conversation cool correct correctly cost costs could couldn't
couple course cover covered covers customer customers dark darker date dates day days decide decided decision definitely delay depend depending depends describe detail details did didn't differ difference different difficult
directly directions do does doesn't doing don't done doubt drive driver driving drop dropping due during each earlier earliest early easier easily easy either else end ended ends enjoy enough ensure entire especially
even evening evenings ever every everybody everyone everything exact exactly example excellent excited explain explained extra eye fair familiar fast fastest favorite feel few fewer figure film films final find fine finish finished
first fit fits fixed follow following follows for forget form forward found free fresh friend friendly friends from front full fully further future gave general get gets getting gift give given gives giving glad glass go goes going
gone good got great greatest greetings grief guess guide had haha half hand handle happen happened happening happens happy hard has hasn't have haven't having he hear heard held hello help helped helpful helping helps her here
here's hers hey hi high higher him his hmm hold holding holds hope hoping hour hours how however i i'd i'll i'm i've idea if imagine important in include included includes including indeed info information inside instead
interest interested into is isn't it it'd it'll it's its itself job join just keep keeping keeps kept kind kinds know knowing known knows last lasts late later latest leave leaving left length less let let's like liked likely
likes line link list listed lists little live local location locations long longer look looked looking looks lot lots love lovely made main mainly make makes making man manage many match matter may maybe me mean means meant
meanwhile meet mention mentioned message messages met might mind mine minute minutes miss missed mistake model moment months more morning mornings most mostly move moved moving much must my myself name named near nearest nearby need
needed needs neither never new newer next nice no nobody none nor normal normally not note noted nothing notice now number of off offer offered offers offering often oh ok okay old older on once one ones only onto
open opened opening openings opens option options or order original other others our ours out outside over overall own owner page part particular parts past patience patient people per perfect perfectly perhaps person personal
personally phone photo photos pick picked picking picks place plan planning plans please pleased pleasure plus point popular possible prefer preference preferred prefers prepare press pretty prices price priced pricing private
probably problem proceed prompt proper properly public purpose question questions quick quickly quiet quite quote quoted quotes rather reach reached reaching read ready real really rear reason reasons received recommend regarding
regular relate related remember remind remove removed removal removing reply request requests require required reschedule rescheduled reserve reserved reserves respond rest result return review right roll roughly round run
running runs safe said same saw say saying says schedule scheduled scheduling second seconds see seeing seem seems seen select selected send sense separate separately service services set several shall share shared she shop
shop's short should shouldn't show showed showing shown shows side sides similar simple simply since sir sits slot slots small smaller so some somebody somebody's someone something sometimes somewhat soon sooner soonest sorry sort
sound sounds speak speaking specific specifically spot spots standard start started starting starts stay stays step steps still stop street such suggest suggestion suit suitable suits sure surface switch system take taken
takes taking talk talking tap team tell telling than thank thanks that that'd that'll that's the their theirs them themselves then there there'd there'll there's these they they'd they'll they're they've thing things think thinking
this those though thought through tight till time times timing tint tinted tinting tints to together told tomorrow tonight too took top total touch toward towards transfer tricky tried trip true trust try trying turn two type types typically
under understand understandable understood unfortunately unless unsure until up upon us use used useful using usual usually vehicle vehicles version very via view virtual visit visits wait waiting want wanted wants warm was wasn't
watch way ways we we'd we'll we're we've week weekday weekdays weekend weekends weeks welcome well went were weren't what what's whatever when whenever where where's whether which while who whole why will window windows wish wishes
with within without woman won't wonder wonderful word words work worked working works worried worries worry worth would wouldn't wow write wrong year years yep yes yet you you'd you'll you're you've your yours yourself
""".split()

_MORE_SPANISH = """
propia propio solicitud paso responda bajar rebajar asunto ayudarles aclarar explicar explicarle genial estupendo fantastico listado enseguida ocupado mandar bastante laterales quedo trasero traseros lamentablemente desafortunadamente presupuesto sabria conectar revisar quedan caro cara molesto molestia resumen
a perdon perdone escribir escribirnos escribirme comunicarse contactar contactarnos equipo taller avisar valida valido vemos abajo abre abren abrimos abierta abiertas abierto abiertos acaso aceptar acerca acuerdo adelante ademas adios afuera agenda agendar agendo agradezco agregar ahi ahora al algo alguien algun alguna algunas alguno algunos alli antes
aparte apartar aparto apartando apenas aproximadamente aqui arriba asi asistente atencion atras atender aun aunque auto automovil ayuda ayudar ayudarle ayudarlo ayudarla ayudarte ayudo azul bajo basta bien bienvenida bienvenido bonito buen buena buenas bueno
buenos busca buscar busco cada calendario calidad cambia cambiar cambio cambios cancela cancelacion cancelada cancelar carro carros casi caso catalogo cerca chat cierra cierran cita citas clara claro clase clic cliente cobra cobrar coche como completa
completo con confirma confirmacion confirmada confirmar confirmado conmigo consulta consultar contar contigo contar conviene correcta correcto correr corta corto cosa cosas cotizacion coste costo cual cuales cualquier cuando cuanta cuanto cubre cuesta cuestan
cuidado da dan dar darle de debe decidir decir decirle decirme dejar del demas dentro depende desde desea despues detalle detalles dia dias dice diferencia diferente dime direccion diga dígame digame disculpa disculpe disponibilidad disponible disponibles donde
dos dudas duda dura duracion e el ella ellas ellos elegir elige elija empieza en encantado encantada encontre encontrar encontrado encuentra encuentro entender entendi entendido entiendo entonces entre era eres es esa esas ese eso esos espera esperar
esta estaba estado estamos estan estar estara estas este esto estos estoy estuvo exacto exactamente excelente existe fecha fechas fin final fue fuera funciona gracias gran grande gusta gustaria gusto ha haber hablar hace hacemos hacen hacer hacerlo haga
hago han hasta hay he hecho hemos hola hora horario horarios horas hoy humano igual importante incluye indica indique indiqueme informacion interesa interesado interesada ir jamas jueves junto la lado larga largo las le lejos les libre libres lista listo llama
llamar llamarlo llega llegar llevar lleva lo local lo los luego lugar lugares lunes manana mañana manera martes mas mayor me mediodia medio mejor menos mensaje mensajes mes mi mia miercoles mientras minuto minutos mio mis misma mismo modelo modo momento
mostrar mostrarle mover mucha muchas mucho muchos muy nada nadie necesita necesito ni ningun ninguna ninguno no noche nombre nos nosotros nota nueva nuevas nuevo nuevos numero nunca o ofrecemos ofrecer ofrece ojala opcion opciones orden otra otras otro
otros para parece parte partir pasado pasa pasar pedir pelicula pero persona personal personas pesar plan poca poco podemos poder podria podriamos pone poner por porque posible precio precios prefiere preferencia pregunta preguntar preguntas primer primera
primero problema proximo proxima puede pueden puedo pues punto que queda quedan quedar quien quiera quiere quieres quisiera quitar quiza quizas razon real realmente recibe recibir recomiendo recuerde regresar repetir reserva reservada reservado reservar
reservo respecto responde responder respondere responderá respondera respuesta sabado saber sabe sale se sea segun segunda segundo seguro semana semanas sencillo sera seran seria serian servicio servicios servir ser si sido siempre siento siga sigue siguiente
siguientes sin sino sirve sitio sobre sola solamente solo somos son soy su sucede sugiero sus taller tal tambien tampoco tan tanto tarda tarde tardes te telefono temprano ten tendra tendria tendre tener tenemos tenga tengo tiempo tiene tienen tipo tipos
tinte tintes toda todas todavia todo todos toma tomar total trabajo tras tres tu turno tus ultima ultimo un una unas unica unico uno unos usar usted ustedes va vale vamos van varias varios vehiculo vehiculos ven venga venir ventana ventanas ver vera
verdad verde ves vez vidrio vidrios viernes virtual volver voy y ya yo cita estara entienda lamento digo hagamos espanol ingles nuestro nuestra mantener pensarlo piense pienses peticion
""".split()

ENGLISH = frozenset(
    (*_MORE_ENGLISH, *_ENGLISH_WORDS, *(form for verb in _ENGLISH_VERBS for form in english(verb)))
)
SPANISH = frozenset(
    (*_MORE_SPANISH, *_SPANISH_WORDS, *(form for verb in _SPANISH_VERBS for form in spanish(verb)))
)
KNOWN = ENGLISH | SPANISH
